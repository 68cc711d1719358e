#pragma once
// Where each leader epoch of a partition began: the `leader-epoch-checkpoint` file, in Kafka's format.
//
//   0            version
//   2            number of lines that follow
//   0 0          epoch, start offset
//   3 1200
//
// Epochs and start offsets both rise strictly. The file can always be rebuilt from the batches, which carry their
// epoch, save for an epoch without a batch: that one must be durable before its leader appends (E5).
//
// Threads: the owner's lock.
#include <optional>
#include <vector>

#include "base/disk.h"
#include "model/types.h"

namespace barnabas::storage {

struct EpochStart {
  LeaderEpoch epoch;
  Offset start;
  friend bool operator==(const EpochStart&, const EpochStart&) = default;
};

struct EpochEnd {
  LeaderEpoch epoch = kNoLeaderEpoch;
  Offset end{-1};
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

class EpochCache {
 public:
  static constexpr const char* kFileName = "leader-epoch-checkpoint";

  // kCorrupt when the text is not a checkpoint or its lines do not rise.
  static Result<EpochCache> parse(ByteView text);
  std::string text() const;

  // The epoch begins at the offset. Entries it contradicts (same or later epoch, or same or later start) go first.
  // Returns false when nothing changed.
  bool assign(LeaderEpoch epoch, Offset start);
  // Entries at or above the end go.
  bool truncate_from_end(Offset end);
  // The entry that covers the start offset begins there; what lies wholly below goes.
  bool truncate_from_start(Offset start);
  bool clear();

  LeaderEpoch latest() const { return entries_.empty() ? kNoLeaderEpoch : entries_.back().epoch; }
  LeaderEpoch epoch_of(Offset offset) const;
  // E2: the largest epoch not above the wanted one, and where it ends (log end for the latest).
  EpochEnd end_offset_for(LeaderEpoch wanted, Offset log_end) const;
  const std::vector<EpochStart>& entries() const { return entries_; }

 private:
  std::vector<EpochStart> entries_;
};

}  // namespace barnabas::storage
