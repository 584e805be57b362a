#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace weir::server {

/// What `weir serve` runs with.
struct Config {
  std::string data = "data";
  std::string listen = "127.0.0.1:8080";
  std::string log_format = "auto";  ///< auto: text on a terminal, else JSON.
  std::string log_level = "info";
  int http_threads = 1;
  size_t max_connections_per_client = 256;  ///< But 4,096 of an address of this machine.
  uint64_t max_body_bytes = 8ull << 20;
  std::vector<std::string> allowed_hosts;
  std::string auth = "auto";  ///< auto: on unless only this machine is served.
  std::string tls = "off";    ///< off, self-signed, files
  std::string tls_certificate;
  std::string tls_key;
  std::string region = "us-east-1";
  int64_t signature_skew_seconds = 300;
  uint64_t shard_records_per_second = 0;
  uint64_t shard_bytes_per_second = 0;
  uint64_t segment_bytes = 64ull << 20;
  uint64_t min_free_bytes = 256ull << 20;
  int64_t checkpoint_interval_millis = 10'000;
  int64_t live_interval_millis = 200;
  int64_t drain_millis = 25'000;
};

/// One setting by its name, as text. The name is the key in the file; the environment has it as
/// WEIR_<NAME>, upper-case.
struct Setting {
  std::string_view name;
  std::string_view description;
  base::Result<void> (*set)(Config& config, const std::string& text);
  std::string (*get)(const Config& config);
};

const std::vector<Setting>& Settings();

struct ConfigSources {
  std::map<std::string, std::string> flags;        ///< By setting name.
  std::map<std::string, std::string> environment;  ///< By variable, for example WEIR_LISTEN.
  std::string file;                                ///< Path, "" for none.
};

/// Flag before environment before file before default. kInvalidArgument names the source and key
/// that is unknown (with the name that was probably meant) or has a wrong value; kNotFound when the
/// file is missing.
base::Result<Config> LoadConfig(base::FileSystem& files, const ConfigSources& sources);

/// The whole configuration as a file, with what each setting means.
std::string FormatConfig(const Config& config);

struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};

/// "HOST:PORT", "[::1]:PORT". kInvalidArgument otherwise.
base::Result<ListenAddress> ParseListen(std::string_view text);

/// Whether only this machine reaches the address.
bool IsLoopback(const ListenAddress& address);

/// What guards the listener, after "auto".
struct Protection {
  bool auth = false;
  bool tls = false;
};

/// kFailedPrecondition, with the commands that remedy it, for an address that other machines reach
/// unless both are on; kInvalidArgument when a file for TLS is not named, or named in vain.
base::Result<Protection> ProtectionOf(const Config& config);

}  // namespace weir::server
