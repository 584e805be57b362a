#include "net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace weir::net {
namespace {

constexpr size_t kMaxWaitingAcks = 2'000;  // Frames that ask for them are counted one by one.
constexpr size_t kMaxContinuations = 8;
// Resets are counted here, by what they cost: the library's own limit is only the last line.
constexpr uint64_t kResetBurst = 10'000;
constexpr uint64_t kResetsPerSecond = 1'000;

std::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool IsRequest(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

Http2Frame KindOf(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_GOAWAY:
      return Http2Frame::kGoAway;
    case NGHTTP2_DATA:
      return head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0
                 ? Http2Frame::kEmptyData
                 : Http2Frame::kUseful;
    case NGHTTP2_WINDOW_UPDATE:
      return Http2Frame::kWindowUpdate;
    case NGHTTP2_RST_STREAM:
      return Http2Frame::kReset;
    case NGHTTP2_PING:
      return Http2Frame::kPing;
    case NGHTTP2_SETTINGS:
      return Http2Frame::kSettings;
    case NGHTTP2_PRIORITY:
      return Http2Frame::kPriority;
    case NGHTTP2_CONTINUATION:
      return Http2Frame::kContinuation;
    default:
      return Http2Frame::kUseful;
  }
}

nghttp2_nv ToPair(const std::pair<std::string, std::string>& field) {
  // The library takes what it does not change as not const.
  return {.name = reinterpret_cast<uint8_t*>(const_cast<char*>(field.first.data())),
          .value = reinterpret_cast<uint8_t*>(const_cast<char*>(field.second.data())),
          .namelen = field.first.size(),
          .valuelen = field.second.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

std::string_view Http2ErrorName(uint32_t code) {
  static constexpr std::array<std::string_view, 14> kNames = {"no_error",
                                                              "protocol_error",
                                                              "internal_error",
                                                              "flow_control_error",
                                                              "settings_timeout",
                                                              "stream_closed",
                                                              "frame_size_error",
                                                              "refused_stream",
                                                              "cancel",
                                                              "compression_error",
                                                              "connect_error",
                                                              "enhance_your_calm",
                                                              "inadequate_security",
                                                              "http_1_1_required"};
  return code < kNames.size() ? kNames[code] : "other";
}

struct Http2Session::Library {
  explicit Library(Http2Events& its_events) : events(its_events) {}

  ~Library() { nghttp2_session_del(session); }

  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  Http2Events& events;
  nghttp2_session* session = nullptr;
  int32_t newest = 0;  // Of the streams for which heads came.
};

struct Http2Session::Callbacks {
  static Http2Events& Events(void* user) { return static_cast<Library*>(user)->events; }

  static int ToResult(Http2Events::Verdict verdict) {
    switch (verdict) {
      case Http2Events::Verdict::kPause:
        return NGHTTP2_ERR_PAUSE;
      case Http2Events::Verdict::kFail:
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      case Http2Events::Verdict::kGoOn:
        break;
    }
    return 0;
  }

  static int OnBeginFrame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user) {
    Library& library = *static_cast<Library*>(user);
    Http2Frame kind = KindOf(*head);
    if (head->type == NGHTTP2_HEADERS) {
      if (head->stream_id <= library.newest &&
          nghttp2_session_find_stream(session, head->stream_id) == nullptr) {
        kind = Http2Frame::kClosedStream;
      }
      library.newest = std::max(library.newest, head->stream_id);
    }
    library.events.OnFrame(kind);
    return 0;
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (IsRequest(frame)) {
      // Streams take turns, whatever the client would like.
      const nghttp2_extpri turns{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
      nghttp2_session_change_extpri_stream_priority(session, frame->hd.stream_id, &turns, 1);
      Events(user).OnHeadBegins(frame->hd.stream_id);
    } else {
      Events(user).OnTrailerBegins();
    }
    return 0;
  }

  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t /*flags*/,
                      void* user) {
    const std::string_view name_text = Text(name, name_size);
    const std::string_view value_text = Text(value, value_size);
    return ToResult(IsRequest(frame)
                        ? Events(user).OnField(frame->hd.stream_id, name_text, value_text)
                        : Events(user).OnTrailerField(name_text, value_text));
  }

  // A name or value with characters that may not be there: the library would leave the field out.
  // So the message is malformed, of which OnInvalidFrame hears.
  static int OnInvalidHeader(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/,
                             const uint8_t* /*name*/, size_t /*name_size*/,
                             const uint8_t* /*value*/, size_t /*value_size*/, uint8_t /*flags*/,
                             void* /*user*/) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (IsRequest(frame)) {
      Events(user).OnHead(frame->hd.stream_id);
    }
    const bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Events(user).OnRequestEnd(frame->hd.stream_id);
    } else if (frame->hd.type == NGHTTP2_DATA && frame->data.padlen > 0 &&
               frame->data.padlen == frame->hd.length) {
      Events(user).OnFrame(Http2Frame::kEmptyData);
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      Events(user).OnPong();
    }
    return 0;
  }

  static int OnInvalidFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, int /*error*/,
                            void* user) {
    Events(user).OnMisuse(frame->hd.stream_id);
    return 0;
  }

  static int OnDataChunk(nghttp2_session* /*session*/, uint8_t /*flags*/, int32_t stream,
                         const uint8_t* bytes, size_t size, void* user) {
    Events(user).OnData(stream, Text(bytes, size));
    return 0;
  }

  static int OnStreamClose(nghttp2_session* /*session*/, int32_t stream, uint32_t /*error*/,
                           void* user) {
    Events(user).OnStreamClosed(stream);
    return 0;
  }

  static int OnFrameSent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    switch (frame->hd.type) {
      case NGHTTP2_RST_STREAM:
        Events(user).OnResetSent(frame->hd.stream_id, frame->rst_stream.error_code);
        return 0;
      case NGHTTP2_GOAWAY:
        Events(user).OnGoAwaySent(frame->goaway.error_code);
        return 0;
      case NGHTTP2_DATA:
        Events(user).OnDataSent();
        break;
      default:
        break;
    }
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Events(user).OnAnswered(frame->hd.stream_id);
    }
    return 0;
  }

  // An answer's head that is larger than the library sends, unless nobody waits for it any more.
  static int OnFrameNotSent(nghttp2_session* session, const nghttp2_frame* frame, int error,
                            void* /*user*/) {
    const bool over = error == NGHTTP2_ERR_STREAM_CLOSED || error == NGHTTP2_ERR_STREAM_CLOSING ||
                      error == NGHTTP2_ERR_SESSION_CLOSING;
    if (frame->hd.type == NGHTTP2_HEADERS && !over) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                NGHTTP2_INTERNAL_ERROR);
    }
    return 0;
  }

  static ssize_t Read(nghttp2_session* /*session*/, int32_t stream, uint8_t* into, size_t size,
                      uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    bool end = false;
    const size_t taken = Events(user).ReadBody(stream, reinterpret_cast<char*>(into), size, end);
    if (end) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    if (taken == 0 && !end) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(taken);
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* made = nullptr;
    CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, OnBeginFrame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, OnInvalidHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, OnInvalidFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnDataChunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, OnStreamClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, OnFrameSent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, OnFrameNotSent);
    return made;
  }

  static nghttp2_option* MakeOptions() {
    nghttp2_option* made = nullptr;
    CHECK(nghttp2_option_new(&made) == 0);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_outbound_ack(made, kMaxWaitingAcks);
    nghttp2_option_set_max_continuations(made, kMaxContinuations);
    nghttp2_option_set_stream_reset_rate_limit(made, kResetBurst, kResetsPerSecond);
    return made;
  }
};

Http2Session::Http2Session(Http2Events& events, size_t max_header_bytes)
    : library_(std::make_unique<Library>(events)) {
  static const nghttp2_session_callbacks* const callbacks = Callbacks::Make();
  static const nghttp2_option* const options = Callbacks::MakeOptions();
  CHECK(nghttp2_session_server_new2(&library_->session, callbacks, library_.get(), options) == 0);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(max_header_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  CHECK(nghttp2_submit_settings(library_->session, NGHTTP2_FLAG_NONE, settings.data(),
                                settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(library_->session, NGHTTP2_FLAG_NONE, 0,
                                              kConnectionWindow) == 0);
}

Http2Session::~Http2Session() = default;

void Http2Session::Feed(std::string_view& input) {
  const ssize_t taken = nghttp2_session_mem_recv(
      library_->session, reinterpret_cast<const uint8_t*>(input.data()), input.size());
  if (taken >= 0) {
    input.remove_prefix(static_cast<size_t>(taken));
    return;
  }
  input = {};
  CHECK(taken != NGHTTP2_ERR_NOMEM);
  const bool flooded = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_SETTINGS ||
                       taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
  Fail(flooded || taken == NGHTTP2_ERR_CALLBACK_FAILURE ? Http2Error::kEnhanceYourCalm
                                                        : Http2Error::kProtocol);
}

std::string_view Http2Session::Take() {
  const uint8_t* bytes = nullptr;
  const ssize_t size = nghttp2_session_mem_send(library_->session, &bytes);
  CHECK(size >= 0);
  return Text(bytes, static_cast<size_t>(size));
}

void Http2Session::GiveRoom(int32_t stream, size_t bytes) {
  CHECK(nghttp2_session_consume(library_->session, stream, bytes) == 0);
}

void Http2Session::Answer(int32_t stream, const Fields& fields, bool has_body) {
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size());
  for (const auto& field : fields) {
    pairs.push_back(ToPair(field));
  }
  const nghttp2_data_provider body{.source = {}, .read_callback = Callbacks::Read};
  CHECK(nghttp2_submit_response(library_->session, stream, pairs.data(), pairs.size(),
                                has_body ? &body : nullptr) == 0);
}

void Http2Session::Continue(int32_t stream) {
  const std::pair<std::string, std::string> status(":status", "100");
  const nghttp2_nv pair = ToPair(status);
  CHECK(nghttp2_submit_headers(library_->session, NGHTTP2_FLAG_NONE, stream, nullptr, &pair, 1,
                               nullptr) == 0);
}

void Http2Session::Resume(int32_t stream) {
  // Fails while the library does not wait for more: it will ask by itself, or never again.
  nghttp2_session_resume_data(library_->session, stream);
}

void Http2Session::Reset(int32_t stream, Http2Error error) {
  CHECK(nghttp2_submit_rst_stream(library_->session, NGHTTP2_FLAG_NONE, stream,
                                  static_cast<uint32_t>(error)) == 0);
}

void Http2Session::BeginGoAway() {
  CHECK(nghttp2_submit_shutdown_notice(library_->session) == 0);
  CHECK(nghttp2_submit_ping(library_->session, NGHTTP2_FLAG_NONE, nullptr) == 0);
}

void Http2Session::FinishGoAway() {
  CHECK(nghttp2_submit_goaway(library_->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(library_->session),
                              NGHTTP2_NO_ERROR, nullptr, 0) == 0);
}

void Http2Session::Fail(Http2Error error) {
  CHECK(nghttp2_session_terminate_session(library_->session, static_cast<uint32_t>(error)) == 0);
}

bool Http2Session::wants_read() const {
  return nghttp2_session_want_read(library_->session) != 0;
}

bool Http2Session::wants_write() const {
  return nghttp2_session_want_write(library_->session) != 0;
}

}  // namespace weir::net
