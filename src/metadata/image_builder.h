#pragma once
// Makes the next image from the previous one: records go in one after the other, in the order of the log.
//
// Applying is deterministic and looks at nothing but the image and the record. A record that does not fit (a partition
// of a topic that is not there) means that the log is not what this node believes: kCorrupt, and the node stops.
//
// Threads: one. The images that come out are for all.
#include <unordered_map>
#include <unordered_set>

#include "metadata/image.h"
#include "metadata/publisher.h"
#include "metadata/records.h"

namespace barnabas::metadata {

class ImageBuilder {
 public:
  explicit ImageBuilder(const Image& base);

  Result<> apply(const Record& record, MetadataOffset offset);
  Result<> apply(const Batch& batch);
  // Of an empty base: what encode_image() made.
  Result<> apply_snapshot(const SnapshotId& id, ByteView snapshot);
  void set_controller(BrokerId controller) { image_.controller_ = controller; }

  // The state so far, good until the next apply.
  const Image& peek();
  // The state so far as an image of its own; the builder goes on from there.
  ImagePtr image();

  // The topics that any record was about.
  const std::unordered_set<TopicId>& touched() const { return touched_; }
  void touch_all(const Image& image);

 private:
  Result<> apply_one(const TopicRecord& record);
  Result<> apply_one(const PartitionRecord& record);
  Result<> apply_one(const PartitionChangeRecord& record);
  Result<> apply_one(const RemoveTopicRecord& record);
  Result<> apply_one(const ConfigRecord& record);
  Result<> apply_one(const ProducerIdsRecord& record);
  Result<> apply_one(const RegisterBrokerRecord& record);
  Result<> apply_one(const FeatureLevelRecord& record);
  Result<> apply_one(const ClientQuotaRecord& record);

  Topic* edit(const TopicId& id);  // nullptr when there is no such topic
  void flush();

  Image image_;
  EditToken token_ = new_edit_token();
  std::unordered_map<TopicId, std::shared_ptr<Topic>> open_;  // changed, not yet in the image
  std::unordered_set<TopicId> touched_;
};

// What is different, where only `touched` topics can be.
ImageDelta difference(const Image& before, const Image& after, const std::unordered_set<TopicId>& touched);

// A snapshot: records that make the same image from an empty one, each behind its length (uint32).
Bytes encode_image(const Image& image);

}  // namespace barnabas::metadata
