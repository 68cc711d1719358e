#pragma once
// The Produce requests that one turn of a loop brought.
//
//   add ─ judge every partition ─┐
//   add ─ judge every partition ─┼─ finish ─ append, per partition with one write ─ answer, in their order
//   add ─ judge every partition ─┘
//
// A producer that pipelines sends several small batches for a partition before it has an answer; written one by one
// each costs a system call. What is judged and what is answered equals handling them one after the other.
//
// Threads: its loop's. The batches are views of the frames: finish() comes before those go (net/connection.h).
#include <memory>
#include <span>
#include <vector>

#include "broker/broker.h"
#include "protocol/generated/produce.h"

namespace barnabas::broker {

class ProduceGroup {
 public:
  explicit ProduceGroup(Broker& broker) : broker_(broker) {}

  void add(const RequestContext& context, protocol::ProduceRequest&& request, Replier<protocol::ProduceResponse> reply);
  void finish();

 private:
  using Answer = protocol::ProduceResponse::PartitionProduceResponse;

  // An append of acks=-1 that is not committed yet; topic and partition are places in the response.
  struct Uncommitted {
    std::size_t topic, partition;
    std::shared_ptr<replication::Partition> log;
    Offset next_offset;
  };
  struct Request {
    RequestContext context;
    std::int16_t acks;
    std::int32_t timeout_ms;
    Replier<protocol::ProduceResponse> reply;
    protocol::ProduceResponse response{};
    std::vector<Uncommitted> uncommitted{};
  };
  // A batch that may be appended.
  struct Staged {
    std::size_t request, topic, partition;
    std::shared_ptr<replication::Partition> log;
    const metadata::Partition* known;
    AcceptedBatch batch;
  };
  class Waiting;

  void judge(Request& request, const metadata::Topic* topic, protocol::ProduceRequest::PartitionProduceData& data, Answer& answer);
  void append_to_one(std::span<Staged> staged);
  void settle(const Staged& staged, replication::AppendOutcome& outcome);
  void refuse_leader(Request& request, Answer& answer, const metadata::Partition& known, ErrorCode code) const;
  void answer(Request& request) const;

  Broker& broker_;
  std::vector<Request> requests_;
  std::vector<Staged> staged_;
  bool finishing_ = false;  // a reply that leaves at once may end a connection, which asks for finish() again
  // Of one partition, kept for their memory.
  std::vector<const AcceptedBatch*> batches_;
  std::vector<replication::AppendOutcome> outcomes_;
};

}  // namespace barnabas::broker
