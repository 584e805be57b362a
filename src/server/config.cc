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

}  // namespace

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> kSettings = {
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
      {"max_body_bytes", "largest request body",
       [](Config& c, const std::string& t) {
         return SetNumber<uint64_t>(c.max_body_bytes, t, 1 << 10, 1ull << 30);
       },
       [](const Config& c) { return fmt::format("{}", c.max_body_bytes); }},
      {"allowed_hosts",
       "comma-separated Host header values that are accepted besides this machine's own",
       [](Config& c, const std::string& t) { return SetHosts(c.allowed_hosts, t); },
       [](const Config& c) { return JoinHosts(c.allowed_hosts); }},
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
  return kSettings;
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

base::Result<void> CheckLoopback(const ListenAddress& address) {
  const std::string& host = address.host;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  if (host == "localhost" || host == "::1" || (numeric && host.starts_with("127."))) {
    return {};
  }
  return Fail(
      Code::kFailedPrecondition,
      "--listen {}: Weir serves this machine only, because it has no authentication or TLS yet; "
      "listen on "
      "127.0.0.1 and let a tunnel (ssh -L) or a proxy that authenticates reach it from elsewhere",
      host);
}

}  // namespace weir::server
