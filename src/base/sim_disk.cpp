#include "base/sim_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace barnabas {
namespace {

constexpr std::size_t kSector = 512;

std::size_t sectors(std::size_t bytes) { return (bytes + kSector - 1) / kSector; }

}  // namespace

struct SimDisk::Node {
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  // A change of names that a power cut keeps or drops as a whole.
  struct NameChange {
    std::string unbind;  // empty: nothing
    std::string bind;
    std::shared_ptr<Node> node;
  };

  bool is_directory = false;

  Bytes data;  // what readers see
  Bytes durable;
  std::set<std::size_t> dirty;  // sectors written since the last sync
  bool size_dirty = false;

  Names names;
  Names durable_names;
  std::vector<NameChange> changes;

  void change(NameChange change) {
    if (!change.unbind.empty()) names.erase(change.unbind);
    if (!change.bind.empty()) names[change.bind] = change.node;
    changes.push_back(std::move(change));
  }

  void sync_names() {
    durable_names = names;
    changes.clear();
  }

  void sync_data() {
    durable.resize(data.size());
    for (const std::size_t sector : dirty) {
      const std::size_t begin = sector * kSector;
      if (begin >= data.size()) continue;
      std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(begin), std::min(kSector, data.size() - begin),
                  durable.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    forget_dirty();
  }

  void forget_dirty() {
    dirty.clear();
    size_dirty = false;
  }

  void lose_power(PowerCut kind, SimRandom& random) {
    if (is_directory) return lose_names(kind, random);
    if (kind == PowerCut::kKeepAll) sync_data();
    if (kind == PowerCut::kRandom) keep_some(random);
    data = durable;
    forget_dirty();
  }

  void keep_some(SimRandom& random) {
    if (size_dirty && random.chance(0.7)) {
      // Any size between the two, for a growing file mostly at a sector's edge: what is not kept below it reads as zeros.
      const std::size_t low = std::min(durable.size(), data.size());
      const std::size_t span = std::max(durable.size(), data.size()) - low;
      std::size_t size = random.chance(0.3) ? data.size() : low + random.below(span + 1);
      if (random.chance(0.5)) size = std::min(sectors(size) * kSector, std::max(durable.size(), data.size()));
      durable.resize(size);
    }
    const double keep = std::array{0.1, 0.5, 0.9, 1.0}[random.below(4)];
    for (const std::size_t sector : dirty) {
      const std::size_t begin = sector * kSector;
      if (begin >= durable.size() || begin >= data.size() || !random.chance(keep)) continue;
      const std::size_t n = std::min({kSector, durable.size() - begin, data.size() - begin});
      std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(begin), n, durable.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  void lose_names(PowerCut kind, SimRandom& random) {
    const double keep = std::array{0.0, 0.5, 0.9}[random.below(3)];
    for (const NameChange& lost_or_kept : changes) {
      const bool kept = kind == PowerCut::kKeepAll || (kind == PowerCut::kRandom && random.chance(keep));
      if (!kept) continue;
      if (!lost_or_kept.unbind.empty()) durable_names.erase(lost_or_kept.unbind);
      if (!lost_or_kept.bind.empty()) durable_names[lost_or_kept.bind] = lost_or_kept.node;
    }
    names = durable_names;
    changes.clear();
    for (auto& [name, node] : names) node->lose_power(kind, random);
  }

  std::uint64_t total_bytes() const {
    std::uint64_t total = data.size();
    for (const auto& [name, node] : names) total += node->total_bytes();
    return total;
  }
};

struct SimDisk::State {
  std::mutex mutex;
  std::shared_ptr<Node> root = std::make_shared<Node>();
  int boot = 0;
  std::uint64_t life = 0;  // files and locks of an earlier life are dead
  std::optional<std::uint64_t> capacity;
  bool cold = false;
  std::vector<DiskFault> faults;
  std::map<DiskOp, std::uint64_t> counts;
  std::set<std::string> locked;

  State() { root->is_directory = true; }

  // Counts the operation; the fault that hits it, if any.
  std::optional<DiskFault> hit(DiskOp op, const std::string& path) {
    ++counts[op];
    for (DiskFault& fault : faults) {
      if (fault.op != op || fault.times == 0 || path.find(fault.path_contains) == std::string::npos) continue;
      if (fault.skip > 0) {
        --fault.skip;
        continue;
      }
      if (fault.times > 0) --fault.times;
      return fault;
    }
    return std::nullopt;
  }

  Result<> enter(DiskOp op, const Path& path) {
    if (const auto fault = hit(op, path.string())) return fail_errno(fault->sys_errno, path.string());
    return {};
  }

  std::shared_ptr<Node> find(const Path& path) const {
    std::shared_ptr<Node> node = root;
    for (const Path& part : path.lexically_normal().relative_path()) {
      if (part.empty() || part == ".") continue;
      if (!node->is_directory) return nullptr;
      const auto found = node->names.find(part.string());
      if (found == node->names.end()) return nullptr;
      node = found->second;
    }
    return node;
  }

  std::uint64_t room() const {
    if (!capacity) return UINT64_MAX;
    const std::uint64_t used = root->total_bytes();
    return used >= *capacity ? 0 : *capacity - used;
  }
};

namespace {

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<SimDisk::State> state, std::shared_ptr<SimDisk::Node> node, Path path, bool writable)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), life_(state_->life), writable_(writable) {}

  Result<std::size_t> read_at(std::uint64_t position, MutableBytes out) const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    TRY(state_->enter(DiskOp::kRead, path_));
    return copy_out(position, out);
  }

  Result<std::size_t> read_cached_at(std::uint64_t position, MutableBytes out) const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (state_->cold) return 0;
    TRY(state_->enter(DiskOp::kRead, path_));
    return copy_out(position, out);
  }

  Result<> write_pieces_at(std::uint64_t position, std::span<const ByteView> pieces) override {
    Bytes all;
    for (const ByteView piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
    const ByteView bytes = all;
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (!writable_) return fail_errno(EBADF, path_.string());
    if (const auto fault = state_->hit(DiskOp::kWrite, path_.string())) {
      copy_in(position, bytes.first(std::min(fault->partial, bytes.size())));
      return fail_errno(fault->sys_errno, "write " + path_.string());
    }
    const std::uint64_t end = position + bytes.size();
    const std::uint64_t growth = end > node_->data.size() ? end - node_->data.size() : 0;
    const std::uint64_t room = state_->capacity ? state_->room() : growth;
    if (growth > room) {
      copy_in(position, bytes.first(static_cast<std::size_t>(bytes.size() - std::min<std::uint64_t>(growth - room, bytes.size()))));
      return fail_errno(ENOSPC, "write " + path_.string());
    }
    copy_in(position, bytes);
    return {};
  }

  Result<> sync() override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (const auto fault = state_->hit(DiskOp::kSync, path_.string())) {
      node_->forget_dirty();  // the pages count as clean now: the next sync succeeds and makes nothing durable
      return fail_errno(fault->sys_errno, "sync " + path_.string());
    }
    node_->sync_data();
    return {};
  }

  Result<> reserve(std::uint64_t) override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    return state_->enter(DiskOp::kReserve, path_);
  }

  Result<> truncate(std::uint64_t size) override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    TRY(state_->enter(DiskOp::kTruncate, path_));
    const std::size_t before = node_->data.size();
    node_->data.resize(static_cast<std::size_t>(size));
    for (std::size_t sector = std::min(before, node_->data.size()) / kSector; sector < sectors(std::max(before, node_->data.size()));
         ++sector) {
      node_->dirty.insert(sector);
    }
    node_->size_dirty = true;
    return {};
  }

  Result<std::uint64_t> size() const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    TRY(state_->enter(DiskOp::kStat, path_));
    return node_->data.size();
  }

 private:
  Result<> alive() const {
    if (life_ == state_->life) return {};
    return fail(Errc::kClosed, path_.string() + ": the process that opened it is gone");
  }

  std::size_t copy_out(std::uint64_t position, MutableBytes out) const {
    if (position >= node_->data.size()) return 0;
    const std::size_t n = std::min(out.size(), node_->data.size() - static_cast<std::size_t>(position));
    if (n > 0) std::memcpy(out.data(), node_->data.data() + position, n);
    return n;
  }

  void copy_in(std::uint64_t position, ByteView bytes) {
    if (bytes.empty()) return;
    const auto begin = static_cast<std::size_t>(position);
    const std::size_t end = begin + bytes.size();
    const std::size_t before = node_->data.size();
    if (end > before) {
      node_->data.resize(end);
      node_->size_dirty = true;
    }
    std::memcpy(node_->data.data() + begin, bytes.data(), bytes.size());
    for (std::size_t sector = std::min(begin, before) / kSector; sector < sectors(end); ++sector) node_->dirty.insert(sector);
  }

  const std::shared_ptr<SimDisk::State> state_;
  const std::shared_ptr<SimDisk::Node> node_;
  const Path path_;
  const std::uint64_t life_;
  const bool writable_;
};

class SimLock final : public DirectoryLock {
 public:
  SimLock(std::shared_ptr<SimDisk::State> state, std::string path)
      : state_(std::move(state)), path_(std::move(path)), life_(state_->life) {}
  ~SimLock() override {
    const std::scoped_lock lock(state_->mutex);
    if (life_ == state_->life) state_->locked.erase(path_);
  }

 private:
  const std::shared_ptr<SimDisk::State> state_;
  const std::string path_;
  const std::uint64_t life_;
};

}  // namespace

SimDisk::SimDisk() : state_(std::make_shared<State>()) {}
SimDisk::~SimDisk() = default;

Result<std::unique_ptr<File>> SimDisk::open(const Path& path, OpenMode mode) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kOpen, path));
  const auto parent = state_->find(path.parent_path());
  if (parent == nullptr || !parent->is_directory) return fail_errno(ENOENT, "open " + path.string());
  const std::string name = path.filename().string();
  const auto found = parent->names.find(name);
  std::shared_ptr<Node> node = found == parent->names.end() ? nullptr : found->second;
  if (node != nullptr && node->is_directory) return fail_errno(EISDIR, "open " + path.string());
  if (node != nullptr && mode == OpenMode::kCreateNew) return fail_errno(EEXIST, "open " + path.string());
  if (node == nullptr) {
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) return fail_errno(ENOENT, "open " + path.string());
    node = std::make_shared<Node>();
    parent->change({.unbind = {}, .bind = name, .node = node});
  }
  auto file = std::make_unique<SimFile>(state_, node, path, mode != OpenMode::kRead);
  if (mode == OpenMode::kTruncate && !node->data.empty()) {
    for (std::size_t sector = 0; sector < sectors(node->data.size()); ++sector) node->dirty.insert(sector);
    node->data.clear();
    node->size_dirty = true;
  }
  return file;
}

Result<std::vector<DirectoryEntry>> SimDisk::list(const Path& directory) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kList, directory));
  const auto node = state_->find(directory);
  if (node == nullptr || !node->is_directory) return fail_errno(ENOENT, "list " + directory.string());
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->names) entries.push_back({name, child->is_directory});
  return entries;
}

Result<bool> SimDisk::exists(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kStat, path));
  return state_->find(path) != nullptr;
}

Result<> SimDisk::make_directories(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kMakeDirectory, path));
  std::shared_ptr<Node> node = state_->root;
  for (const Path& part : path.lexically_normal().relative_path()) {
    if (part.empty() || part == ".") continue;
    if (!node->is_directory) return fail_errno(ENOTDIR, "make directory " + path.string());
    auto found = node->names.find(part.string());
    if (found == node->names.end()) {
      auto made = std::make_shared<Node>();
      made->is_directory = true;
      node->change({.unbind = {}, .bind = part.string(), .node = made});
      found = node->names.find(part.string());
    }
    node = found->second;
  }
  if (!node->is_directory) return fail_errno(ENOTDIR, "make directory " + path.string());
  return {};
}

Result<> SimDisk::rename(const Path& from, const Path& to) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kRename, from));
  const auto node = state_->find(from);
  const auto from_parent = state_->find(from.parent_path());
  const auto to_parent = state_->find(to.parent_path());
  if (node == nullptr || to_parent == nullptr) return fail_errno(ENOENT, "rename " + from.string());
  const auto target = state_->find(to);
  if (target == node) return {};
  if (target != nullptr && target->is_directory && !target->names.empty()) return fail_errno(ENOTEMPTY, "rename " + from.string());
  if (from_parent == to_parent) {
    from_parent->change({.unbind = from.filename().string(), .bind = to.filename().string(), .node = node});
  } else {
    to_parent->change({.unbind = {}, .bind = to.filename().string(), .node = node});
    from_parent->change({.unbind = from.filename().string(), .bind = {}, .node = nullptr});
  }
  return {};
}

Result<> SimDisk::remove(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kRemove, path));
  const auto node = state_->find(path);
  if (node == nullptr) return fail_errno(ENOENT, "remove " + path.string());
  if (node->is_directory && !node->names.empty()) return fail_errno(ENOTEMPTY, "remove " + path.string());
  state_->find(path.parent_path())->change({.unbind = path.filename().string(), .bind = {}, .node = nullptr});
  return {};
}

Result<> SimDisk::remove_all(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kRemove, path));
  if (state_->find(path) == nullptr) return {};
  state_->find(path.parent_path())->change({.unbind = path.filename().string(), .bind = {}, .node = nullptr});
  return {};
}

Result<> SimDisk::sync_directory(const Path& directory) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->enter(DiskOp::kSyncDirectory, directory));
  const auto node = state_->find(directory);
  if (node == nullptr || !node->is_directory) return fail_errno(ENOENT, "sync " + directory.string());
  node->sync_names();
  return {};
}

Result<std::unique_ptr<DirectoryLock>> SimDisk::lock(const Path& lock_file) {
  const std::scoped_lock lock(state_->mutex);
  if (!state_->locked.insert(lock_file.string()).second)
    return fail(Errc::kBusy, "lock " + lock_file.string() + ": held by another process");
  return std::make_unique<SimLock>(state_, lock_file.string());
}

Result<std::uint64_t> SimDisk::free_bytes(const Path&) {
  const std::scoped_lock lock(state_->mutex);
  return state_->room();
}

Result<std::uint64_t> SimDisk::total_bytes(const Path&) {
  const std::scoped_lock lock(state_->mutex);
  return state_->capacity.value_or(UINT64_MAX);
}

std::string SimDisk::boot_id() {
  const std::scoped_lock lock(state_->mutex);
  return "boot-" + std::to_string(state_->boot);
}

void SimDisk::power_cut(PowerCut kind, SimRandom& random) {
  const std::scoped_lock lock(state_->mutex);
  state_->root->lose_power(kind, random);
  ++state_->life;
  ++state_->boot;
  state_->locked.clear();
}

void SimDisk::kill() {
  const std::scoped_lock lock(state_->mutex);
  ++state_->life;
  state_->locked.clear();
}

void SimDisk::inject(DiskFault fault) {
  const std::scoped_lock lock(state_->mutex);
  state_->faults.push_back(std::move(fault));
}

void SimDisk::clear_faults() {
  const std::scoped_lock lock(state_->mutex);
  state_->faults.clear();
}

void SimDisk::set_capacity(std::optional<std::uint64_t> bytes) {
  const std::scoped_lock lock(state_->mutex);
  state_->capacity = bytes;
}

void SimDisk::set_cold(bool cold) {
  const std::scoped_lock lock(state_->mutex);
  state_->cold = cold;
}

void SimDisk::flip_bits(const Path& path, std::uint64_t position, std::uint8_t mask) {
  const std::scoped_lock lock(state_->mutex);
  const auto node = state_->find(path);
  CHECK(node != nullptr && position < node->data.size());
  node->data[position] ^= std::byte{mask};
  if (position < node->durable.size()) node->durable[position] ^= std::byte{mask};
}

void SimDisk::overwrite(const Path& path, ByteView contents) {
  const std::scoped_lock lock(state_->mutex);
  const auto parent = state_->find(path.parent_path());
  CHECK(parent != nullptr);
  std::shared_ptr<Node>& node = parent->names[path.filename().string()];
  if (node == nullptr) node = std::make_shared<Node>();
  parent->durable_names[path.filename().string()] = node;
  node->data.assign(contents.begin(), contents.end());
  node->durable = node->data;
  node->forget_dirty();
}

Bytes SimDisk::contents(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  const auto node = state_->find(path);
  return node == nullptr ? Bytes{} : node->data;
}

std::uint64_t SimDisk::count(DiskOp op) const {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->counts.find(op);
  return found == state_->counts.end() ? 0 : found->second;
}

void SimDisk::reset_counts() {
  const std::scoped_lock lock(state_->mutex);
  state_->counts.clear();
}

void SimDiskQueue::sync(std::shared_ptr<File> file, Done done) {
  SyncState& state = syncs_[file.get()];
  state.waiting.push_back(std::move(done));
  if (state.scheduled || state.running) return;
  state.scheduled = true;
  executor_.post([this, pinned = std::move(file)]() mutable { begin(std::move(pinned)); });
}

void SimDiskQueue::run(Task job) { executor_.post(std::move(job)); }

void SimDiskQueue::begin(std::shared_ptr<File> file) {
  SyncState& state = syncs_[file.get()];
  state.scheduled = false;
  state.running = true;
  auto waiting = std::exchange(state.waiting, {});
  if (hang_) return;
  Result<> result = file->sync();
  executor_.post_at(clock_.mono() + delay_, [this, pinned = std::move(file), outcome = std::move(result),
                                             all = std::move(waiting)]() mutable { finish(pinned, outcome, std::move(all)); });
}

void SimDiskQueue::finish(const std::shared_ptr<File>& file, const Result<>& result, std::vector<Done> waiting) {
  SyncState& state = syncs_[file.get()];
  state.running = false;
  if (state.waiting.empty()) {
    syncs_.erase(file.get());
  } else {
    state.scheduled = true;
    executor_.post([this, pinned = file]() mutable { begin(std::move(pinned)); });
  }
  for (Done& done : waiting) done(result);
}

}  // namespace barnabas
