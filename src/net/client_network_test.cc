#include "net/client_network.h"

#include <gtest/gtest.h>

namespace weir::net {
namespace {

TEST(ClientNetworkTest, TakesThePortOff) {
  EXPECT_EQ(AddressOf("192.0.2.7:51234"), "192.0.2.7");
  EXPECT_EQ(AddressOf("2001:db8:0:1::5:51234"), "2001:db8:0:1::5");
  EXPECT_EQ(AddressOf(""), "");
}

TEST(ClientNetworkTest, CountsAnIpv6ClientByItsNetwork) {
  EXPECT_EQ(ClientNetwork("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::/64");
  EXPECT_EQ(ClientNetwork("2001:db8:0:1:ffff::1"), "2001:db8:0:1::/64");
  EXPECT_EQ(ClientNetwork("2001:db8:0:2::1"), "2001:db8:0:2::/64");
  EXPECT_EQ(ClientNetwork("fe80::1%eth0"), "fe80::/64");
}

TEST(ClientNetworkTest, CountsAnIpv4ClientByItsAddress) {
  EXPECT_EQ(ClientNetwork("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(ClientNetwork("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(ClientNetwork("127.0.0.1"), "127.0.0.1");
}

TEST(ClientNetworkTest, LeavesWhatIsNoAddress) {
  EXPECT_EQ(ClientNetwork(""), "");
  EXPECT_EQ(ClientNetwork("shop.example"), "shop.example");
}

}  // namespace
}  // namespace weir::net
