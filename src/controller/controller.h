#pragma once
// The active controller: takes wishes, decides them (decide.h), appends the records, answers when they are committed.
//
//   submit(wish, done)  ->  decide on the speculative image  ->  append  ->  committed and published here  ->  done
//
// Decisions look at speculative state, so many may be in flight; readers and answers see committed state only. While an
// append is in flight, further decisions gather into the next one. `done` with success comes after this node's own
// image holds the change: a client that was told NONE finds its topic in Metadata. If an append fails, what was decided
// on top of it is refused too, and clients ask again. Answers come in the order of the wishes.
//
// Threads: submit from any; `done` runs on the metadata executor, never inside submit. The rest on that executor.
#include <functional>
#include <memory>

#include "base/executor.h"
#include "base/random.h"
#include "controller/decide.h"
#include "controller/wishes.h"
#include "metadata/loader.h"
#include "metadata/metadata_log.h"

namespace barnabas::controller {

template <class Response>
using Done = std::move_only_function<void(Outcome<Response>)>;

class Controller final : public metadata::LeadershipListener {
 public:
  // Everything outlives the controller, and the executor every task it has posted. `on_active`, if any, runs each time
  // this node begins to take wishes.
  Controller(metadata::MetadataLog& log, const metadata::ImageHolder& committed, Executor& executor, Random& random, Policy policy,
             Task on_active = {});
  // Who still waits is refused with NOT_CONTROLLER when the log answers.
  ~Controller() override;

  // Refused as a whole: NOT_CONTROLLER when this node does not lead (A10) or lost its lead meanwhile, POLICY_VIOLATION
  // when the wish would make more than 10,000 records (A8), KAFKA_STORAGE_ERROR when the disk is full. Anything else is
  // told per topic or resource.
  void submit(CreateTopics wish, Done<CreateTopics::Response> done);
  void submit(DeleteTopics wish, Done<DeleteTopics::Response> done);
  void submit(CreatePartitions wish, Done<CreatePartitions::Response> done);
  void submit(ImportTopic wish, Done<ImportTopic::Response> done);
  void submit(AllocateProducerIds wish, Done<AllocateProducerIds::Response> done);
  void submit(RegisterBroker wish, Done<RegisterBroker::Response> done);
  void submit(IncrementalAlterConfigs wish, Done<IncrementalAlterConfigs::Response> done);
  void submit(AlterConfigs wish, Done<AlterConfigs::Response> done);
  void submit(AlterClientQuotas wish, Done<AlterClientQuotas::Response> done);

  void on_elected(metadata::ControllerEpoch epoch, const metadata::ImagePtr& committed) override;
  void on_resigned(metadata::ControllerEpoch epoch) override;

 private:
  class Core;  // outlives the controller while tasks and answers are on their way
  std::shared_ptr<Core> core_;
};

}  // namespace barnabas::controller
