#include "net/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace barnabas::net {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr int kReadsPerEvent = 4;  // then the loop's other connections have their turn
constexpr std::size_t kGatherMax = 64;

}  // namespace

// What a Responder was told.
struct Responder::Outcome {
  std::vector<Slice> frame;
  bool close = false;
  std::string why;
  MonoDuration rest{};
};

Responder::Responder(std::weak_ptr<Connection> connection, Executor& executor, std::uint64_t sequence)
    : connection_(std::move(connection)), executor_(&executor), sequence_(sequence), armed_(true) {}

Responder::Responder(Responder&& other) noexcept
    : connection_(std::move(other.connection_)),
      executor_(other.executor_),
      sequence_(other.sequence_),
      rest_(other.rest_),
      armed_(std::exchange(other.armed_, false)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    if (armed_) close("the request was dropped");
    connection_ = std::move(other.connection_);
    executor_ = other.executor_;
    sequence_ = other.sequence_;
    rest_ = other.rest_;
    armed_ = std::exchange(other.armed_, false);
  }
  return *this;
}

Responder::~Responder() {
  if (armed_) close("the request was dropped");
}

void Responder::send(std::vector<Slice> frame) { finish({std::move(frame), false, {}, rest_}); }
void Responder::no_reply() { finish({{}, false, {}, rest_}); }
void Responder::close(std::string why) { finish({{}, true, std::move(why), {}}); }

void Responder::finish(Outcome outcome) {
  CHECK(armed_);
  armed_ = false;
  if (executor_->is_current()) {
    if (const auto connection = connection_.lock()) connection->complete(sequence_, std::move(outcome));
    return;
  }
  executor_->post([weak = std::move(connection_), sequence = sequence_, outcome = std::move(outcome)]() mutable {
    if (const auto connection = weak.lock()) connection->complete(sequence, std::move(outcome));
  });
}

Connection::Connection(ConnectionInfo info, std::unique_ptr<Stream> stream, const Loop& loop, FrameHandler& handler, const Clock& clock,
                       MemoryBudget& budget, const ConnectionLimits& limits, OnClosed on_closed)
    : info_(std::move(info)),
      stream_(std::move(stream)),
      loop_(loop),
      handler_(handler),
      clock_(clock),
      budget_(budget),
      limits_(limits),
      on_closed_(std::move(on_closed)),
      last_activity_(clock.mono()) {}

Connection::~Connection() { drop_partial(); }

void Connection::start() {
  session_ = handler_.open(info_);
  arm_read();
}

void Connection::close(std::string_view why) {
  if (closed_) return;
  finish_input();  // what the handler put off may still refer to the session
  closed_ = true;
  const auto self = shared_from_this();  // on_closed_ drops the owner's reference
  log::debug("connection closed", {{"connection", info_.id}, {"peer", to_string(info_.peer)}, {"why", why}});
  stream_->close();
  drop_partial();
  pending_.clear();
  session_.reset();
  on_closed_(info_.id);
}

void Connection::check_deadlines(MonoTime now) {
  if (closed_) return;
  const bool frame_begun = unread_.size() - unread_position_ > 0 || partial_.length > 0;
  const bool frame_held = unanswered_ > 0 || resting() || waiting_for_budget_ || holds_frames();
  if (frame_begun && !frame_held) {
    const auto earned = std::chrono::seconds(partial_.received / (64 * 1024));
    if (now - frame_started_ > limits_.frame_max + earned) return close("a frame took too long to arrive");
  }
  if (unanswered_ == 0 && !resting() && now - last_activity_ > limits_.idle_max) close("idle");
}

bool Connection::may_read() const {
  return !closed_ && !resting() && !waiting_for_budget_ && unanswered_serial_ == 0 && pending_.size() < limits_.pending_max &&
         outbox_bytes_ < limits_.outbox_max_bytes && unread_.size() - unread_position_ < kLengthBytes &&
         (partial_.length == 0 || partial_.received < partial_.length);
}

bool Connection::may_dispatch(ByteView frame) const {
  if (resting() || unanswered_serial_ > 0 || pending_.size() >= limits_.pending_max || outbox_bytes_ >= limits_.outbox_max_bytes)
    return false;
  return unanswered_ == 0 || handler_.classify(frame).pipelined;
}

void Connection::arm_read() {
  if (reading_armed_ || !may_read()) return;
  reading_armed_ = true;
  stream_->when_readable([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_readable();
  });
}

void Connection::on_readable() {
  reading_armed_ = false;
  read_at_ = last_activity_ = clock_.mono();
  in_dispatch_ = true;
  for (int i = 0; i < kReadsPerEvent && may_read() && read_once(); ++i) {}
  if (closed_ || in_turn_) return;
  in_turn_ = true;
  loop_.turn->join(std::shared_ptr<Turn::Member>(shared_from_this(), this));
}

void Connection::finish_input() {
  if (std::exchange(unfinished_, false)) handler_.finish_input(loop_);
}

void Connection::end_turn() {
  in_turn_ = false;
  in_dispatch_ = false;
  note_handled();
  if (!closed_) after_reply();
}

// Reads what is there and handles the frames in it. False: nothing more for now.
bool Connection::read_once() {
  if (loop_.turn->crowded()) {
    handler_.finish_input(loop_);
    loop_.turn->empty();
  }
  const MutableBytes scratch = loop_.turn->room();
  // The cut length of the next frame, if any, goes in front of what arrives now.
  const std::size_t cut = partial_.length == 0 ? unread_.size() - unread_position_ : 0;
  std::copy_n(unread_.begin() + static_cast<std::ptrdiff_t>(unread_position_), cut, scratch.begin());
  const std::size_t rest = partial_.length - partial_.received;
  const std::array<MutableBytes, 2> buffers{MutableBytes(partial_.buffer.bytes.get() + partial_.received, rest), scratch.subspan(cut)};
  const IoResult result = stream_->read(rest > 0 ? std::span(buffers) : std::span(buffers).subspan(1));
  if (result.kind == IoResult::Kind::kWouldBlock) return false;
  if (result.kind == IoResult::Kind::kClosed) {
    close("closed by the client");
    return false;
  }
  unread_.clear();
  unread_position_ = 0;
  const std::size_t into_partial = std::min(rest, result.bytes);
  partial_.received += static_cast<std::uint32_t>(into_partial);
  if (rest > 0) try_finish_partial();
  if (closed_) return false;

  const MutableBytes arrived = scratch.first(cut + result.bytes - into_partial);
  const bool held = partial_.length > 0 && partial_.received == partial_.length;
  const std::size_t used = held ? 0 : consume(arrived);
  if (closed_) return false;
  if (unfinished_) loop_.turn->keep(arrived.size());
  unread_.assign(arrived.begin() + static_cast<std::ptrdiff_t>(used), arrived.end());
  return result.bytes == rest + scratch.size() - cut;  // full buffers: there may be more
}

// Hands over the whole frames at the front; returns the bytes that need not be kept.
std::size_t Connection::consume(MutableBytes bytes) {
  std::size_t used = 0;
  while (bytes.size() - used >= kLengthBytes) {
    const MutableBytes rest = bytes.subspan(used);
    const auto length = load_be<std::int32_t>(rest.data());
    if (length < 0 || static_cast<std::uint32_t>(length) > limits_.frame_max_bytes) {  // A3: before anything is allocated
      close(length < 0 ? "a negative frame length" : "a frame over socket.request.max.bytes");
      return bytes.size();
    }
    const auto size = static_cast<std::uint32_t>(length);
    if (rest.size() - kLengthBytes < size) {
      // Behind a request that holds the connection the bytes just wait: they are few.
      if (unanswered_serial_ > 0 || !start_partial(rest.subspan(kLengthBytes), size)) break;
      return bytes.size();
    }
    const MutableBytes frame = rest.subspan(kLengthBytes, size);
    if (!may_dispatch(frame)) {
      finish_input();  // which may answer what holds it back
      if (!may_dispatch(frame)) break;
    }
    dispatch(frame);
    used += kLengthBytes + size;
  }
  if (used < bytes.size()) frame_started_ = last_activity_;
  return used;
}

bool Connection::start_partial(MutableBytes bytes, std::uint32_t length) {
  const bool reserved = budget_.reserve(length, *loop_.executor, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->waiting_for_budget_ = false;
      self->resume();
    }
  });
  if (!reserved) {
    waiting_for_budget_ = true;
    return false;
  }
  partial_.buffer = loop_.pool->take(length);
  partial_.length = length;
  partial_.received = static_cast<std::uint32_t>(bytes.size());
  std::ranges::copy(bytes, partial_.buffer.bytes.get());
  frame_started_ = last_activity_;
  return true;
}

void Connection::try_finish_partial() {
  if (partial_.length == 0 || partial_.received < partial_.length) return;
  const MutableBytes frame(partial_.buffer.bytes.get(), partial_.length);
  if (!may_dispatch(frame)) return;
  dispatch(frame);
  finish_input();
  drop_partial();
}

void Connection::drop_partial() {
  if (partial_.length == 0) return;
  budget_.release(partial_.length);
  loop_.pool->give_back(std::move(partial_.buffer));
  partial_ = {};
}

void Connection::dispatch(MutableBytes frame) {
  Pending& request = pending_.emplace_back();
  const FrameClass what = handler_.classify(frame);
  request.pipelined = what.pipelined;
  request.facts.kind = what.kind;
  request.facts.version = frame.size() >= 4 ? load_be<std::int16_t>(frame.data() + 2) : std::int16_t{0};
  request.facts.request_bytes = static_cast<std::uint32_t>(frame.size());
  request.facts.received = read_at_;
  request.facts.begun = clock_.mono();
  ++unanswered_;
  unfinished_ = true;
  if (!request.pipelined) ++unanswered_serial_;
  const std::uint64_t sequence = first_sequence_ + pending_.size() - 1;
  handler_.handle(*session_, loop_, frame, Responder(weak_from_this(), *loop_.executor, sequence));
}

void Connection::complete(std::uint64_t sequence, Responder::Outcome outcome) {
  if (closed_) return;
  CHECK(sequence >= first_sequence_ && sequence - first_sequence_ < pending_.size());
  Pending& request = pending_[sequence - first_sequence_];
  CHECK(!request.done);
  request.done = true;
  request.frame = std::move(outcome.frame);
  for (const Slice& slice : request.frame) request.facts.reply_bytes += size(slice);
  request.facts.answered = clock_.mono();
  if (request.facts.handled == MonoTime()) request.facts.handled = request.facts.answered;
  request.close_after = outcome.close;
  request.close_reason = std::move(outcome.why);
  outbox_bytes_ += request.facts.reply_bytes;
  --unanswered_;
  if (!request.pipelined) --unanswered_serial_;
  if (outcome.rest > MonoDuration{}) begin_rest(outcome.rest);
  if (!in_dispatch_) after_reply();
}

void Connection::begin_rest(MonoDuration time) {
  rest_until_ = std::max(rest_until_, clock_.mono() + time);
  if (std::exchange(rests_, true)) return;
  loop_.executor->post_at(rest_until_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end_rest();
  });
}

void Connection::end_rest() {
  if (closed_) return;
  rests_ = false;
  const MonoDuration left = rest_until_ - clock_.mono();  // a later answer may have asked for more
  if (left > MonoDuration{}) return begin_rest(left);
  resume();
}

// What is not answered by the end of its turn waits from here on.
void Connection::note_handled() {
  const std::uint64_t end = first_sequence_ + pending_.size();
  if (unanswered_ > 0) {
    const MonoTime now = clock_.mono();
    for (std::uint64_t i = std::max(noted_, first_sequence_); i < end; ++i) {
      SentReply& facts = pending_[i - first_sequence_].facts;
      if (facts.handled == MonoTime()) facts.handled = now;
    }
  }
  noted_ = end;
}

// Sends what is ready; then what was held back may go on.
void Connection::after_reply() {
  flush();
  if (closed_) return;
  if (!holds_frames()) return arm_read();
  // Posted, not called: this may run inside another connection's turn, which owns the scratch buffer.
  if (unanswered_serial_ > 0 || waiting_for_budget_ || resume_posted_ || resting()) return;
  if (pending_.size() >= limits_.pending_max || outbox_bytes_ >= limits_.outbox_max_bytes) return;
  resume_posted_ = true;
  loop_.executor->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->resume();
  });
}

void Connection::resume() {
  resume_posted_ = false;
  if (closed_) return;
  last_activity_ = clock_.mono();
  in_dispatch_ = true;
  try_finish_partial();
  consume_unread();
  if (closed_ || in_turn_) return;  // the turn's end will do the rest
  in_dispatch_ = false;
  note_handled();
  // Still held back by an unanswered request: its reply will bring us here again.
  if (unanswered_ > 0 && holds_frames()) return flush();
  after_reply();
}

bool Connection::holds_frames() const {
  return unread_.size() - unread_position_ >= kLengthBytes || (partial_.length > 0 && partial_.received == partial_.length);
}

void Connection::consume_unread() {
  if (closed_ || partial_.length > 0) return;
  unread_position_ += consume(MutableBytes(unread_).subspan(unread_position_));
  finish_input();
  if (unread_position_ == unread_.size()) {
    unread_ = {};
    unread_position_ = 0;
  }
}

void Connection::flush() {
  while (!closed_ && !writing_armed_ && !pending_.empty() && pending_.front().done) {
    if (pending_.front().close_after) return close(pending_.front().close_reason);
    if (!write_front()) return;
  }
}

// Writes the replies at the front that are ready, in as few calls as it can. False: the socket is full, or gone.
bool Connection::write_front() {
  std::uint64_t available = 0;
  std::vector<Slice> gathered;
  std::span<const Slice> slices = pending_.front().frame;
  if (pending_.size() > 1 && pending_[1].done && !pending_[1].close_after) {
    for (const Pending& request : pending_) {
      if (!request.done || request.close_after || gathered.size() + request.frame.size() > kGatherMax) break;
      gathered.insert(gathered.end(), request.frame.begin(), request.frame.end());
    }
    if (!gathered.empty()) slices = gathered;
  }
  for (const Slice& slice : slices) available += size(slice);
  if (available > front_sent_) {
    const IoResult result = stream_->write(slices, front_sent_);
    if (result.kind == IoResult::Kind::kClosed) {
      close("closed by the client");
      return false;
    }
    if (result.kind == IoResult::Kind::kWouldBlock) {
      writing_armed_ = true;
      stream_->when_writable([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->writing_armed_ = false;
          self->last_activity_ = self->clock_.mono();
          self->after_reply();
        }
      });
      return false;
    }
    outbox_bytes_ -= result.bytes;
    front_sent_ += result.bytes;
  }
  const MonoTime now = clock_.mono();
  while (!pending_.empty() && pending_.front().done && !pending_.front().close_after && front_sent_ >= pending_.front().facts.reply_bytes) {
    SentReply& facts = pending_.front().facts;
    facts.sent = now;
    handler_.sent(*session_, loop_, facts);
    front_sent_ -= facts.reply_bytes;
    pending_.pop_front();
    ++first_sequence_;
  }
  return true;
}

}  // namespace barnabas::net
