#include "metadata/loader.h"

#include <utility>

#include "base/log.h"

namespace barnabas::metadata {

MetadataLoader::MetadataLoader(const std::string& cluster_id, Fatal fatal)
    : cluster_id_(cluster_id),
      holder_(std::make_shared<const Image>(cluster_id)),
      published_(holder_.current()),
      next_(std::make_unique<ImageBuilder>(*published_)),
      fatal_(std::move(fatal)) {}

void MetadataLoader::on_snapshot(const SnapshotId& id, ByteView image) {
  if (dead_) return;
  next_ = std::make_unique<ImageBuilder>(Image(cluster_id_));
  next_->touch_all(*published_);  // what the snapshot does not have is gone
  next_->set_controller(controller_);
  if (auto applied = next_->apply_snapshot(id, image); !applied) return on_fatal("metadata snapshot: " + applied.error().message);
  if (caught_up_) publish();
}

void MetadataLoader::on_batch(const Batch& batch) {
  if (dead_) return;
  if (auto applied = next_->apply(batch); !applied) return on_fatal("metadata log: " + applied.error().message);
  if (caught_up_) publish();
}

void MetadataLoader::on_caught_up() {
  if (dead_) return;
  caught_up_ = true;
  publish();
  log::info("metadata loaded",
            {{"end", published_->end().value()}, {"topics", published_->topic_count()}, {"partitions", published_->partition_count()}});
}

void MetadataLoader::on_leader(const std::optional<Leader>& leader) {
  if (dead_) return;
  controller_ = leader ? leader->node : kNoLeader;
  next_->set_controller(controller_);
  if (caught_up_) publish();
}

void MetadataLoader::on_elected(ControllerEpoch epoch) {
  if (!dead_ && leadership_ != nullptr) leadership_->on_elected(epoch, published_);
}

void MetadataLoader::on_resigned(ControllerEpoch epoch) {
  if (leadership_ != nullptr) leadership_->on_resigned(epoch);
}

SnapshotSource MetadataLoader::take_snapshot(const SnapshotId& id) {
  if (dead_ || published_->end() != id.end) return {};
  return [image = published_] { return encode_image(*image); };
}

void MetadataLoader::on_fatal(std::string reason) {
  if (std::exchange(dead_, true)) return;
  log::error("metadata lost", {{"reason", reason}});
  if (fatal_) fatal_(std::move(reason));
}

void MetadataLoader::publish() {
  const ImagePtr before = published_;
  published_ = next_->image();
  const ImageDelta delta = difference(*before, *published_, next_->touched());
  next_ = std::make_unique<ImageBuilder>(*published_);
  holder_.publish(published_);
  for (Publisher* publisher : publishers_) publisher->on_image(before, published_, delta);
}

}  // namespace barnabas::metadata
