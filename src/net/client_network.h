#pragma once

#include <string>
#include <string_view>

namespace weir::net {

/// The address of "address:port", as Request::remote has it.
std::string_view AddressOf(std::string_view remote);

/// Whom an address stands for where clients are counted: an IPv4 address for itself, one of IPv6
/// for its /64, all of which one client may have ("2001:db8:0:1::/64"). An IPv4 address that is
/// written as one of IPv6 counts as what it is. Any other text stands for itself.
std::string ClientNetwork(std::string_view address);

}  // namespace weir::net
