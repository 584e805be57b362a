#include "server/config.h"

#include <charconv>
#include <sstream>

#include <toml++/toml.h>

#include "stack/problem.h"

namespace weir::server {

namespace {

using base::Code;
using base::Fail;

constexpr size_t kMaxConfigBytes = 1 << 20;

template <typename T>
base::Result<void> SetNumber(T& into, const std::string& text, T lowest, T highest) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < lowest || value > highest) {
    return Fail(Code::kInvalidArgument, "must be a whole number from {} to {}, not '{}'", lowest,
                highest, text);
  }
  into = value;
  return {};
}

base::Result<void> SetChoice(std::string& into, const std::string& text,
                             const std::vector<std::string_view>& choices) {
  std::string list;
  for (const std::string_view choice : choices) {
    if (choice == text) {
      into = text;
      return {};
    }
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  return Fail(Code::kInvalidArgument, "must be one of {}, not '{}'", list, text);
}

base::Result<void> SetHosts(std::vector<std::string>& into, const std::string& text) {
  into.clear();
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    if (!word.empty()) {
      into.push_back(word);
    }
  }
  return {};
}

std::string JoinHosts(const std::vector<std::string>& hosts) {
  std::string text;
  for (const std::string& host : hosts) {
    text += (text.empty() ? "" : ",") + host;
  }
  return text;
}

base::Result<void> SetText(std::string& into, const std::string& text) {
  into = text;
  return {};
}

base::Result<void> SetRegion(std::string& into, const std::string& text) {
  constexpr size_t kMaxBytes = 32;
  if (text.empty() || text.size() > kMaxBytes ||
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    return Fail(Code::kInvalidArgument, "must be a region such as us-east-1, not '{}'", text);
  }
  into = text;
  return {};
}

std::vector<std::string_view> SettingNames() {
  std::vector<std::string_view> names;
  for (const Setting& setting : Settings()) {
    names.push_back(setting.name);
  }
  return names;
}

const Setting* FindSetting(std::string_view name) {
  for (const Setting& setting : Settings()) {
    if (setting.name == name) {
      return &setting;
    }
  }
  return nullptr;
}

base::Result<void> Apply(Config& config, const Setting& setting, const std::string& text,
                         std::string_view source) {
  if (auto set = setting.set(config, text); !set.has_value()) {
    return Fail(Code::kInvalidArgument, "{}: {} {}", source, setting.name, set.error().message);
  }
  return {};
}

base::Result<void> ApplyFile(base::FileSystem& files, const std::string& path, Config& config) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(files, path));
  if (text.size() > kMaxConfigBytes) {
    return Fail(Code::kLimitExceeded, "{} has {} bytes, at most {} are read", path, text.size(),
                kMaxConfigBytes);
  }
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return Fail(Code::kInvalidArgument, "{}:{}:{}: not TOML: {}", path, error.source().begin.line,
                error.source().begin.column, error.description());
  }
  for (const auto& [key, node] : table) {
    const std::string source = fmt::format("{}:{}", path, node.source().begin.line);
    const Setting* setting = FindSetting(key.str());
    if (setting == nullptr) {
      return Fail(Code::kInvalidArgument, "{}: unknown key '{}'{}", source, key.str(),
                  stack::DidYouMean(key.str(), SettingNames()));
    }
    std::string value;
    if (const auto* string = node.as_string()) {
      value = string->get();
    } else if (const auto* integer = node.as_integer()) {
      value = fmt::format("{}", integer->get());
    } else {
      return Fail(Code::kInvalidArgument, "{}: {} must be text or a whole number", source,
                  key.str());
    }
    RETURN_IF_ERROR(Apply(config, *setting, value, source));
  }
  return {};
}

std::vector<Setting> ListenerSettings() {
  return {
      {"data", "folder of everything that is stored",
       [](Config& c, const std::string& t) -> base::Result<void> {
         if (t.empty()) {
           return Fail(Code::kInvalidArgument, "must name a folder");
         }
         c.data = t;
         return {};
       },
       [](const Config& c) { return c.data; }},
      {"listen", "HOST:PORT to serve on; port 0 takes any free one",
       [](Config& c, const std::string& t) -> base::Result<void> {
         RETURN_IF_ERROR(ParseListen(t));
         c.listen = t;
         return {};
       },
       [](const Config& c) { return c.listen; }},
      {"log_format", "json, text, or auto (text on a terminal)",
       [](Config& c, const std::string& t) {
         return SetChoice(c.log_format, t, {"auto", "json", "text"});
       },
       [](const Config& c) { return c.log_format; }},
      {"log_level", "least level that is logged: debug, info, warning, error",
       [](Config& c, const std::string& t) {
         return SetChoice(c.log_level, t, {"debug", "info", "warning", "error"});
       },
       [](const Config& c) { return c.log_level; }},
      {"http_threads", "threads that serve connections",
       [](Config& c, const std::string& t) { return SetNumber(c.http_threads, t, 1, 64); },
       [](const Config& c) { return fmt::format("{}", c.http_threads); }},
      {"max_connections_per_client",
       "open connections of one client: an IPv4 address or an IPv6 /64; more where many come "
       "through one proxy (an address of this machine may have 4096)",
       [](Config& c, const std::string& t) {
         return SetNumber<size_t>(c.max_connections_per_client, t, 1, 10'000);
       },
       [](const Config& c) { return fmt::format("{}", c.max_connections_per_client); }},
      {"max_body_bytes", "largest request body",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.max_body_bytes, t, 1 << 10, 1ull << 30);
       },
       [](const Config& c) { return fmt::format("{}", c.max_body_bytes); }},
      {"allowed_hosts",
       "comma-separated Host header values that are accepted besides this machine's own",
       [](Config& c, const std::string& t) { return SetHosts(c.allowed_hosts, t); },
       [](const Config& c) { return JoinHosts(c.allowed_hosts); }},
  };
}

std::vector<Setting> GuardSettings() {
  return {
      {"auth",
       "whether requests need a key: on, off, or auto (on unless only this machine is served)",
       [](Config& c, const std::string& t) { return SetChoice(c.auth, t, {"auto", "on", "off"}); },
       [](const Config& c) { return c.auth; }},
      {"tls", "off, self-signed (a certificate made in the data folder, for trials), or files",
       [](Config& c, const std::string& t) {
         return SetChoice(c.tls, t, {"off", "self-signed", "files"});
       },
       [](const Config& c) { return c.tls; }},
      {"tls_certificate", "PEM file of the certificate and its chain, with tls = files",
       [](Config& c, const std::string& t) { return SetText(c.tls_certificate, t); },
       [](const Config& c) { return c.tls_certificate; }},
      {"tls_key", "PEM file of the certificate's private key, with tls = files",
       [](Config& c, const std::string& t) { return SetText(c.tls_key, t); },
       [](const Config& c) { return c.tls_key; }},
      {"region", "region that AWS clients sign for, and of ARNs",
       [](Config& c, const std::string& t) { return SetRegion(c.region, t); },
       [](const Config& c) { return c.region; }},
      {"signature_skew_seconds", "how far the clock of a client that signs may be off",
       [](Config& c, const std::string& t) {
         return SetNumber<int64_t>(c.signature_skew_seconds, t, 1, 900);
       },
       [](const Config& c) { return fmt::format("{}", c.signature_skew_seconds); }},
  };
}

std::vector<Setting> StorageSettings() {
  return {
      {"shard_records_per_second", "records that a shard takes a second (AWS: 1000); 0: no limit",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.shard_records_per_second, t, 0, 1ull << 40);
       },
       [](const Config& c) { return fmt::format("{}", c.shard_records_per_second); }},
      {"shard_bytes_per_second", "bytes that a shard takes a second (AWS: 1048576); 0: no limit",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.shard_bytes_per_second, t, 0, 1ull << 40);
       },
       [](const Config& c) { return fmt::format("{}", c.shard_bytes_per_second); }},
      {"segment_bytes", "size of a log segment",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.segment_bytes, t, 1 << 20, 1ull << 32);
       },
       [](const Config& c) { return fmt::format("{}", c.segment_bytes); }},
      {"min_free_bytes", "records are refused while fewer bytes are free on the disk",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.min_free_bytes, t, 1 << 20, 1ull << 50);
       },
       [](const Config& c) { return fmt::format("{}", c.min_free_bytes); }},
      {"checkpoint_interval_millis", "longest time between checkpoints of an application",
       [](Config& c, const std::string& t) {
         return SetNumber<int64_t>(c.checkpoint_interval_millis, t, 100, 3'600'000);
       },
       [](const Config& c) { return fmt::format("{}", c.checkpoint_interval_millis); }},
      {"live_interval_millis", "open windows are published at most this often",
       [](Config& c, const std::string& t) {
         return SetNumber<int64_t>(c.live_interval_millis, t, 20, 60'000);
       },
       [](const Config& c) { return fmt::format("{}", c.live_interval_millis); }},
      {"drain_millis", "how long running requests may take when the server stops",
       [](Config& c, const std::string& t) {
         return SetNumber<int64_t>(c.drain_millis, t, 0, 600'000);
       },
       [](const Config& c) { return fmt::format("{}", c.drain_millis); }},
  };
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = [] {
    std::vector<Setting> all = ListenerSettings();
    for (const auto& more : {GuardSettings(), StorageSettings()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return settings;
}

base::Result<Config> LoadConfig(base::FileSystem& files, const ConfigSources& sources) {
  Config config;
  if (!sources.file.empty()) {
    RETURN_IF_ERROR(ApplyFile(files, sources.file, config));
  }
  for (const Setting& setting : Settings()) {
    std::string variable = "WEIR_";
    for (const char c : setting.name) {
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (const auto found = sources.environment.find(variable); found != sources.environment.end()) {
      RETURN_IF_ERROR(Apply(config, setting, found->second, variable));
    }
  }
  for (const auto& [name, value] : sources.flags) {
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      return Fail(Code::kInvalidArgument, "no setting named '{}'{}", name,
                  stack::DidYouMean(name, SettingNames()));
    }
    RETURN_IF_ERROR(Apply(config, *setting, value, "command line"));
  }
  return config;
}

std::string FormatConfig(const Config& config) {
  std::string text;
  for (const Setting& setting : Settings()) {
    const std::string value = setting.get(config);
    const bool number =
        !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
    text += fmt::format("# {}\n{} = {}\n", setting.description, setting.name,
                        number ? value : fmt::format("\"{}\"", value));
  }
  return text;
}

base::Result<ListenAddress> ParseListen(std::string_view text) {
  const size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon != std::string_view::npos) {
    address.host = text.substr(0, colon);
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    if (!address.host.empty() &&
        SetNumber<uint16_t>(address.port, std::string(text.substr(colon + 1)), 0, 65'535)
            .has_value()) {
      return address;
    }
  }
  return Fail(Code::kInvalidArgument, "must be HOST:PORT, for example 127.0.0.1:8080, not '{}'",
              text);
}

bool IsLoopback(const ListenAddress& address) {
  const std::string& host = address.host;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (numeric && host.starts_with("127."));
}

base::Result<Protection> ProtectionOf(const Config& config) {
  ASSIGN_OR_RETURN(const ListenAddress address, ParseListen(config.listen));
  const bool local = IsLoopback(address);
  const Protection protection{.auth = config.auth == "on" || (config.auth == "auto" && !local),
                              .tls = config.tls != "off"};
  const bool named = !config.tls_certificate.empty() || !config.tls_key.empty();
  if (config.tls == "files" && (config.tls_certificate.empty() || config.tls_key.empty())) {
    return Fail(Code::kInvalidArgument,
                "tls = files needs tls_certificate and tls_key: two PEM files");
  }
  if (config.tls != "files" && named) {
    return Fail(Code::kInvalidArgument,
                "tls_certificate and tls_key are used with tls = files, but tls is {}", config.tls);
  }
  if (local || (protection.auth && protection.tls)) {
    return protection;
  }
  return Fail(
      Code::kFailedPrecondition,
      "--listen {0}: other machines reach this address, so it needs keys and TLS, but {1}. Make a "
      "key, once, and start with TLS, by a certificate made here or by your own:\n"
      "  weir keys create admin --role admin --data {2}\n"
      "  weir serve --data {2} --listen {0} --tls self-signed\n"
      "  weir serve --data {2} --listen {0} --tls files --tls-certificate CERT.pem --tls-key "
      "KEY.pem\n"
      "Or listen on 127.0.0.1, and reach it through a tunnel (ssh -L) or a proxy that "
      "authenticates",
      config.listen,
      !protection.auth && !protection.tls ? "both are off"
      : protection.auth                   ? "TLS is off"
                                          : "auth is off",
      config.data);
}

}  // namespace weir::server
