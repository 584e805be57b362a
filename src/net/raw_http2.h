#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/raw_connection.h"

namespace weir::net {

// An HTTP/2 client for tests, over a socket to 127.0.0.1: a well-behaved one, and frames that no
// decent client would send. Waits as RawConnection does.
class RawHttp2 {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  struct Settings {
    uint32_t stream_window = 65'535;
    // Windows are never opened again after the first bytes.
    bool keeps_windows_shut = false;
  };

  struct Answer {
    Fields fields;
    std::string body;
    bool ended = false;             // Whole.
    std::optional<uint32_t> reset;  // The code.

    std::string_view Field(std::string_view name) const;

    std::string_view status() const { return Field(":status"); }
  };

  // `tls` is null for a plain connection.
  explicit RawHttp2(uint16_t port, crypto::TlsContext* tls = nullptr) : RawHttp2(port, tls, {}) {}

  RawHttp2(uint16_t port, crypto::TlsContext* tls, Settings settings);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  static Fields Head(std::string_view method, std::string_view path, const Fields& more = {});

  // The stream's number.
  int32_t Get(std::string_view path, const Fields& more = {});
  int32_t Post(std::string_view path, std::string_view body, const Fields& more = {});
  // A head that `body` follows at once, unless `open`: then more may come by Send.
  int32_t Request(const Fields& fields, std::string_view body, bool open = false);
  void SendBody(int32_t stream, std::string_view more, bool end);
  void Cancel(int32_t stream);

  // Reads until the stream has ended or was cut, or the server has closed.
  Answer Await(int32_t stream);
  // Reads until that much of the body, or the end, is there.
  const Answer& AwaitBody(int32_t stream, size_t bytes);
  // Reads until the server closes; the code of its last GOAWAY, or nothing.
  std::optional<uint32_t> AwaitEnd();
  // Reads until the server says that it takes no more streams.
  void AwaitGoAway();
  // Exchanges a ping: what was sent before has been read, and what it caused is here.
  void Settle();

  const Answer& Of(int32_t stream) { return answers_[stream]; }

  // Frames as they are, and the bytes before them.
  static std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);
  // Fields as HPACK literals that are not indexed.
  static std::string Literals(const Fields& fields);

  RawConnection& raw() { return raw_; }

 private:
  struct Library;
  struct Callbacks;
  struct Body;

  void Flush();
  // False when the server has closed.
  bool Pump();

  RawConnection raw_;
  std::unique_ptr<Library> library_;
  const Settings settings_;
  std::map<int32_t, Answer> answers_;
  std::map<int32_t, Body> bodies_;
  std::optional<uint32_t> goaway_;
  int goaways_ = 0;
  int pongs_ = 0;
};

}  // namespace weir::net
