#include "net/raw_http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/check.h"

namespace weir::net {

struct RawHttp2::Library {
  ~Library() { nghttp2_session_del(session); }

  nghttp2_session* session = nullptr;
};

struct RawHttp2::Body {
  std::string bytes;
  bool end = true;
};

struct RawHttp2::Callbacks {
  static RawHttp2& Self(void* user) { return *static_cast<RawHttp2*>(user); }

  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t /*flags*/,
                      void* user) {
    Answer& answer = Self(user).answers_[frame->hd.stream_id];
    answer.fields.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                               std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t /*flags*/, int32_t stream,
                    const uint8_t* bytes, size_t size, void* user) {
    RawHttp2& self = Self(user);
    self.answers_[stream].body.append(reinterpret_cast<const char*>(bytes), size);
    if (!self.settings_.keeps_windows_shut) {
      nghttp2_session_consume(session, stream, size);
    }
    return 0;
  }

  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    RawHttp2& self = Self(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.goaway_ = frame->goaway.error_code;
      ++self.goaways_;
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      self.answers_[frame->hd.stream_id].reset = frame->rst_stream.error_code;
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      ++self.pongs_;
    } else if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
               (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
      self.answers_[frame->hd.stream_id].ended = true;
    }
    return 0;
  }

  static ssize_t Read(nghttp2_session* /*session*/, int32_t stream, uint8_t* into, size_t size,
                      uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    Body& body = Self(user).bodies_[stream];
    const size_t some = std::min(size, body.bytes.size());
    body.bytes.copy(reinterpret_cast<char*>(into), some);
    body.bytes.erase(0, some);
    if (body.bytes.empty() && body.end) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (some == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(some);
  }
};

std::string_view RawHttp2::Answer::Field(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (field == name) {
      return value;
    }
  }
  return {};
}

RawHttp2::RawHttp2(uint16_t port, crypto::TlsContext* tls, Settings settings)
    : raw_(port, tls), library_(std::make_unique<Library>()), settings_(settings) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_option* options = nullptr;
  CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  // Tests decide by themselves how much they send at once.
  nghttp2_option_set_peer_max_concurrent_streams(options, 1'000);
  CHECK(nghttp2_session_client_new2(&library_->session, callbacks, this, options) == 0);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window};
  CHECK(nghttp2_submit_settings(library_->session, NGHTTP2_FLAG_NONE, &window, 1) == 0);
  Flush();
}

RawHttp2::~RawHttp2() = default;

RawHttp2::Fields RawHttp2::Head(std::string_view method, std::string_view path,
                                const Fields& more) {
  Fields fields = {{":method", std::string(method)},
                   {":scheme", "http"},
                   {":path", std::string(path)},
                   {":authority", "localhost"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

int32_t RawHttp2::Get(std::string_view path, const Fields& more) {
  return Request(Head("GET", path, more), "");
}

int32_t RawHttp2::Post(std::string_view path, std::string_view body, const Fields& more) {
  return Request(Head("POST", path, more), body);
}

int32_t RawHttp2::Request(const Fields& fields, std::string_view body, bool open) {
  std::vector<nghttp2_nv> pairs;
  for (const auto& [name, value] : fields) {
    pairs.push_back({.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     .value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
                     .namelen = name.size(),
                     .valuelen = value.size(),
                     .flags = NGHTTP2_NV_FLAG_NONE});
  }
  const bool has_body = open || !body.empty();
  const nghttp2_data_provider provider{.source = {}, .read_callback = Callbacks::Read};
  const int32_t stream =
      nghttp2_submit_request(library_->session, nullptr, pairs.data(), pairs.size(),
                             has_body ? &provider : nullptr, nullptr);
  CHECK(stream > 0);
  bodies_[stream] = {.bytes = std::string(body), .end = !open};
  Flush();
  return stream;
}

void RawHttp2::SendBody(int32_t stream, std::string_view more, bool end) {
  Body& body = bodies_[stream];
  body.bytes.append(more);
  body.end = end;
  nghttp2_session_resume_data(library_->session, stream);
  Flush();
}

void RawHttp2::Cancel(int32_t stream) {
  nghttp2_submit_rst_stream(library_->session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  Flush();
}

void RawHttp2::Flush() {
  const uint8_t* bytes = nullptr;
  std::string all;
  for (;;) {
    const ssize_t size = nghttp2_session_mem_send(library_->session, &bytes);
    if (size <= 0) {
      break;
    }
    all.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  raw_.Send(all);
}

bool RawHttp2::Pump() {
  const std::string bytes = raw_.ReadSome();
  if (bytes.empty() ||
      nghttp2_session_mem_recv(library_->session, reinterpret_cast<const uint8_t*>(bytes.data()),
                               bytes.size()) < 0) {
    return false;
  }
  Flush();
  return true;
}

RawHttp2::Answer RawHttp2::Await(int32_t stream) {
  while (!answers_[stream].ended && !answers_[stream].reset && Pump()) {
  }
  return answers_[stream];
}

const RawHttp2::Answer& RawHttp2::AwaitBody(int32_t stream, size_t bytes) {
  while (answers_[stream].body.size() < bytes && !answers_[stream].ended &&
         !answers_[stream].reset && Pump()) {
  }
  return answers_[stream];
}

std::optional<uint32_t> RawHttp2::AwaitEnd() {
  while (Pump()) {
  }
  return goaway_;
}

void RawHttp2::AwaitGoAway() {
  const int before = goaways_;
  while (goaways_ == before && Pump()) {
  }
}

void RawHttp2::Settle() {
  const int before = pongs_;
  nghttp2_submit_ping(library_->session, NGHTTP2_FLAG_NONE, nullptr);
  Flush();
  while (pongs_ == before && Pump()) {
  }
}

std::string RawHttp2::Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string frame;
  for (const size_t shift : {16U, 8U, 0U}) {
    frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(stream >> shift));
  }
  return frame.append(payload);
}

std::string RawHttp2::Literals(const Fields& fields) {
  std::string block;
  const auto append = [&](std::string_view text) {
    constexpr size_t kPrefix = 127;
    size_t size = text.size();
    if (size < kPrefix) {
      block.push_back(static_cast<char>(size));
    } else {
      block.push_back(static_cast<char>(kPrefix));
      for (size -= kPrefix; size >= 128; size /= 128) {
        block.push_back(static_cast<char>(size % 128 + 128));
      }
      block.push_back(static_cast<char>(size));
    }
    block.append(text);
  };
  for (const auto& [name, value] : fields) {
    block.push_back('\0');
    append(name);
    append(value);
  }
  return block;
}

}  // namespace weir::net
