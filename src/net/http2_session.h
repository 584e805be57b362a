#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

// Error codes of HTTP/2 (RFC 9113, section 7) that are chosen here.
enum class Http2Error : uint32_t {
  kNone = 0,
  kProtocol = 1,
  kInternal = 2,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// "protocol_error", …; "other" for codes that are not known.
std::string_view Http2ErrorName(uint32_t code);

// What one frame that came in costs its sender's allowance. What the library ignores (frames of
// unknown kinds, data for streams that are closed) is not told.
enum class Http2Frame : uint8_t {
  kUseful,        // Heads, data: they have limits of their own.
  kWindowUpdate,  //
  kReset,
  kPing,
  kSettings,
  kPriority,
  kGoAway,
  kEmptyData,     // Not a byte but padding; with padding it is told at its end, besides kUseful.
  kClosedStream,  // A head for one.
  kContinuation,
};

// What a session tells of what came in. No function may call into the session's Feed or Take.
class Http2Events {
 public:
  enum class Verdict : uint8_t { kGoOn, kPause, kFail };

  virtual ~Http2Events() = default;
  // A frame of this kind has come, or its head has.
  virtual void OnFrame(Http2Frame frame) = 0;
  // A client's request begins with `stream`.
  virtual void OnHeadBegins(int32_t stream) = 0;
  // kPause leaves what follows unread, until Feed is called again; kFail ends the session.
  virtual Verdict OnField(int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void OnTrailerBegins() = 0;
  virtual Verdict OnTrailerField(std::string_view name, std::string_view value) = 0;
  virtual void OnHead(int32_t stream) = 0;
  virtual void OnData(int32_t stream, std::string_view bytes) = 0;
  // The request is whole.
  virtual void OnRequestEnd(int32_t stream) = 0;
  // No more is heard of the stream.
  virtual void OnStreamClosed(int32_t stream) = 0;
  // A frame broke the rules of its stream, or opened one beyond the limit: it is being refused.
  virtual void OnMisuse(int32_t stream) = 0;
  virtual void OnPong() = 0;

  // The next bytes of the answer's body: at most `size` of them into `into`. Nothing while none are
  // there: then Resume is due. `end` when no more follow.
  virtual size_t ReadBody(int32_t stream, char* into, size_t size, bool& end) = 0;
  // The answer is whole in the output.
  virtual void OnAnswered(int32_t stream) = 0;
  virtual void OnDataSent() = 0;
  // These are told to the client. The stream is closed after that.
  virtual void OnResetSent(int32_t stream, uint32_t error) = 0;
  virtual void OnGoAwaySent(uint32_t error) = 0;
};

// The server's side of one HTTP/2 connection: frames, header compression, flow control. Checks what
// RFC 9113 asks of messages (pseudo-header fields, forbidden fields, lengths) and refuses what
// breaks it. The only part of the room that knows nghttp2.
class Http2Session {
 public:
  static constexpr uint32_t kMaxStreams = 100;
  // What a client may send of one body, and of all, before it is told that there is room for more.
  static constexpr int32_t kStreamWindow = 1 << 20;
  static constexpr int32_t kConnectionWindow = 8 << 20;

  using Fields = std::vector<std::pair<std::string, std::string>>;

  // `events` must outlive this.
  Http2Session(Http2Events& events, size_t max_header_bytes);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Takes bytes from the front of `input`: all, unless an event paused or failed. Whoever fails
  // the session is told so.
  void Feed(std::string_view& input);
  // The next frames for the client, or "": valid until the next call of anything.
  std::string_view Take();

  // There is room for so many more bytes of the client's; `stream` may be gone.
  void GiveRoom(int32_t stream, size_t bytes);
  // An answer whose body, if it has one, comes by ReadBody. `fields` begin with :status.
  void Answer(int32_t stream, const Fields& fields, bool has_body);
  void Continue(int32_t stream);  // "100 Continue"
  // More of the body is there.
  void Resume(int32_t stream);
  void Reset(int32_t stream, Http2Error error);
  // Tells the client to open no more streams; those that it has opened meanwhile are still served.
  void BeginGoAway();
  void FinishGoAway();
  // Ends all at once.
  void Fail(Http2Error error);

  // Nothing more is to be read (and sent): the session is over.
  bool wants_read() const;
  bool wants_write() const;

 private:
  struct Callbacks;
  struct Library;

  const std::unique_ptr<Library> library_;
};

}  // namespace weir::net
