#pragma once
// Follows the metadata log and makes images of it: the one Listener of a node's log.
//
//   MetadataLog -> MetadataLoader -> ImageHolder          readers
//                                 -> Publisher...         who must act on a change
//                                 -> LeadershipListener   the controller
//
// Nothing is published until the log has caught up: then comes one image with everything in it, so that a topic that
// was created and deleted long ago is never created and deleted again at a start. After that, one image a batch.
//
// Threads: everything on the log's executor but holder(), which is for all.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metadata/image_builder.h"
#include "metadata/image_holder.h"
#include "metadata/metadata_log.h"
#include "metadata/publisher.h"

namespace barnabas::metadata {

class LeadershipListener {
 public:
  virtual ~LeadershipListener() = default;
  // This node leads and has published everything that was decided before.
  virtual void on_elected(ControllerEpoch epoch, const ImagePtr& committed) = 0;
  virtual void on_resigned(ControllerEpoch epoch) = 0;
};

class MetadataLoader final : public Listener {
 public:
  using Fatal = std::move_only_function<void(std::string reason)>;

  // `fatal` is told once that this node cannot follow the metadata any further: storage failed, or a record is of a
  // newer version than this program knows. The process must exit.
  MetadataLoader(const std::string& cluster_id, Fatal fatal);

  const ImageHolder& holder() const { return holder_; }
  bool caught_up() const { return caught_up_; }
  // Before the log is started; they outlive the log. Told in this order.
  void add_publisher(Publisher& publisher) { publishers_.push_back(&publisher); }
  void set_leadership_listener(LeadershipListener& listener) { leadership_ = &listener; }

  void on_snapshot(const SnapshotId& id, ByteView image) override;
  void on_batch(const Batch& batch) override;
  void on_caught_up() override;
  void on_leader(const std::optional<Leader>& leader) override;
  void on_elected(ControllerEpoch epoch) override;
  void on_resigned(ControllerEpoch epoch) override;
  SnapshotSource take_snapshot(const SnapshotId& id) override;
  void on_fatal(std::string reason) override;

 private:
  void publish();

  const std::string cluster_id_;
  ImageHolder holder_;
  ImagePtr published_;
  std::unique_ptr<ImageBuilder> next_;  // what has been applied on top of it, and is not published yet
  BrokerId controller_ = kNoLeader;
  std::vector<Publisher*> publishers_;
  LeadershipListener* leadership_ = nullptr;
  Fatal fatal_;
  bool caught_up_ = false;
  bool dead_ = false;
};

}  // namespace barnabas::metadata
