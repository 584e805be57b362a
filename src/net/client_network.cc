#include "net/client_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace weir::net {

std::string_view AddressOf(std::string_view remote) {
  return remote.substr(0, remote.rfind(':'));
}

std::string ClientNetwork(std::string_view address) {
  // What follows '%' names an interface of this machine.
  const std::string text(address.substr(0, address.find('%')));
  in6_addr bytes{};
  if (inet_pton(AF_INET6, text.c_str(), &bytes) != 1) {
    return std::string(address);
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    return inet_ntop(AF_INET, &bytes.s6_addr[12], out.data(), out.size());
  }
  std::fill(&bytes.s6_addr[8], &bytes.s6_addr[16], uint8_t{0});
  return std::string(inet_ntop(AF_INET6, &bytes, out.data(), out.size())) + "/64";
}

}  // namespace weir::net
