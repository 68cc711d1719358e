#pragma once
// One client's connection: frames in, replies out in the order of their requests.
//
//   frame   := length:int32 payload        length counts the payload only; Kafka's framing
//
// Reading: bytes land in the scratch buffer of the loop's turn (turn.h), many frames a call, and a frame that is whole
// there is handled in place, without a copy. A frame that is not whole gets a buffer of its own and the rest is read straight into it.
//
// Order: the effects of a connection's requests equal serial execution. A frame is handed to the handler only when all
// earlier ones were answered, except that a frame the handler classifies as pipelined (a Produce) may follow pipelined ones that
// still wait for their replicas or their disk. Replies leave in request order whatever order they were finished in.
//
// Back-pressure: a connection is not read from while an earlier request holds it, while `limits.pending_max` replies
// wait, while the outbox holds more than `outbox_max_bytes`, while the memory budget is used up, or while it rests.
//
// Everything here runs on the loop's executor; a Responder may be used from any thread.
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "net/budget.h"
#include "net/stream.h"

namespace barnabas::net {

class Connection;

// The duty to answer one request. Answering twice is a bug; dropping it unanswered closes the connection, since the
// replies behind it could never leave.
class Responder {
 public:
  Responder() = default;
  Responder(std::weak_ptr<Connection> connection, Executor& executor, std::uint64_t sequence);
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  void send(std::vector<Slice> frame);  // with its length in front
  void no_reply();                      // acks=0: nothing is sent, the next request goes on
  // The connection rests for so long after this answer: nothing more of it is read or handled (KIP-219).
  void rest(MonoDuration time) { rest_ = time; }
  MonoDuration rest() const { return rest_; }
  void close(std::string why);  // no reply: the connection ends after the replies before it
  explicit operator bool() const { return armed_; }

 private:
  friend class Connection;
  struct Outcome;
  void finish(Outcome outcome);
  std::weak_ptr<Connection> connection_;
  Executor* executor_ = nullptr;
  std::uint64_t sequence_ = 0;
  MonoDuration rest_{};
  bool armed_ = false;
};

struct ConnectionInfo {
  std::uint64_t id = 0;
  std::string listener;  // its name: "PLAINTEXT"
  Endpoint local;
  Endpoint peer;
};

// State that the protocol keeps for a connection (client software, principal). Destroyed with it.
class Session {
 public:
  virtual ~Session() = default;
};

struct FrameClass {
  bool pipelined = false;  // may be handled while earlier pipelined frames are unanswered
  std::uint16_t kind = 0;  // the handler's word for what it is, told again in SentReply
};

// What became of a request, once its reply is with the kernel. All times are of one clock, in this order:
//
//   received ─ queue ─ begun ─ local ─ handled ─ wait ─ answered ─ send ─ sent
struct SentReply {
  std::uint16_t kind = 0;
  std::int16_t version = 0;  // bytes 2 and 3 of the frame
  std::uint32_t request_bytes = 0;
  std::uint64_t reply_bytes = 0;
  MonoTime received;  // its last byte was read
  MonoTime begun;     // the handler has it: later when earlier requests hold the connection
  MonoTime handled;   // the loop's turn is over, or it was answered
  MonoTime answered;
  MonoTime sent;
};

class FrameHandler {
 public:
  virtual ~FrameHandler() = default;
  virtual std::unique_ptr<Session> open(const ConnectionInfo& info) = 0;
  virtual FrameClass classify(ByteView frame) const = 0;
  virtual void sent(Session&, const Loop&, const SentReply&) {}
  // The frame's bytes are valid, and may be changed in place, until finish_input().
  virtual void handle(Session& session, const Loop& loop, MutableBytes frame, Responder responder) = 0;
  // No more of what arrived together comes now: work that was put off to be done for several frames at once is due.
  virtual void finish_input(const Loop& loop) = 0;
};

struct ConnectionLimits {
  std::uint32_t frame_max_bytes = 100 * 1024 * 1024;
  std::size_t pending_max = 1000;
  std::uint64_t outbox_max_bytes = 8 * 1024 * 1024;  // Kafka answers one request at a time; this much may pile up here
  MonoDuration idle_max = std::chrono::minutes(10);
  MonoDuration frame_max = std::chrono::seconds(30);  // for a frame to become whole, plus 1 s per 64 KiB received
};

class Connection : public std::enable_shared_from_this<Connection>, private Turn::Member {
 public:
  using OnClosed = std::function<void(std::uint64_t id)>;
  Connection(ConnectionInfo info, std::unique_ptr<Stream> stream, const Loop& loop, FrameHandler& handler, const Clock& clock,
             MemoryBudget& budget, const ConnectionLimits& limits, OnClosed on_closed);
  ~Connection() override;

  void start();
  void close(std::string_view why);
  // Closes when idle or when a frame takes too long. Called now and then by the server.
  void check_deadlines(MonoTime now);
  const ConnectionInfo& info() const { return info_; }

 private:
  friend class Responder;
  struct Pending {
    bool pipelined = false;
    bool done = false;
    bool close_after = false;
    std::string close_reason;
    std::vector<Slice> frame;  // empty: nothing to send
    SentReply facts;           // as far as they are known
  };

  void on_readable();
  void finish_input() override;
  void end_turn() override;
  bool read_once();
  void arm_read();
  void resume();
  bool may_read() const;
  bool holds_frames() const;
  bool may_dispatch(ByteView frame) const;
  std::size_t consume(MutableBytes bytes);
  void consume_unread();
  void dispatch(MutableBytes frame);
  bool start_partial(MutableBytes bytes, std::uint32_t length);
  void try_finish_partial();
  void drop_partial();
  void complete(std::uint64_t sequence, Responder::Outcome outcome);
  bool resting() const { return rests_; }
  void begin_rest(MonoDuration time);
  void end_rest();
  void note_handled();
  void after_reply();
  void flush();
  bool write_front();

  const ConnectionInfo info_;
  std::unique_ptr<Stream> stream_;
  const Loop loop_;
  FrameHandler& handler_;
  const Clock& clock_;
  MemoryBudget& budget_;
  const ConnectionLimits& limits_;
  OnClosed on_closed_;
  std::unique_ptr<Session> session_;

  // Requests that were handed to the handler and whose replies have not left, oldest first.
  std::deque<Pending> pending_;
  std::uint64_t first_sequence_ = 0;   // of pending_.front()
  std::uint64_t noted_ = 0;            // requests below this one have had their turn
  std::size_t unanswered_ = 0;         // of pending_, not done yet
  std::size_t unanswered_serial_ = 0;  // of these, not pipelined
  std::uint64_t outbox_bytes_ = 0;     // done and not yet sent
  std::uint64_t front_sent_ = 0;       // bytes of pending_.front() that are on the wire

  // Bytes that arrived and could not be handled yet: whole frames held back by an earlier request, or a cut length.
  Bytes unread_;
  std::size_t unread_position_ = 0;
  // A frame that was not whole in the scratch buffer. Whole and still here: held back by an earlier request.
  struct Partial {
    BufferPool::Buffer buffer;
    std::uint32_t length = 0;
    std::uint32_t received = 0;
  };
  Partial partial_;

  bool reading_armed_ = false;
  bool writing_armed_ = false;
  bool in_dispatch_ = false;  // replies are not sent yet: there may be more
  bool in_turn_ = false;
  bool unfinished_ = false;  // frames were handed over since finish_input()
  bool resume_posted_ = false;
  bool waiting_for_budget_ = false;
  bool rests_ = false;
  bool closed_ = false;
  MonoTime rest_until_;
  MonoTime last_activity_;
  MonoTime frame_started_;
  MonoTime read_at_;
};

}  // namespace barnabas::net
