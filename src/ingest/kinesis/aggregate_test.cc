#include "ingest/kinesis/aggregate.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "base/format.h"
#include "base/md5.h"

namespace weir::ingest::kinesis {
namespace {

// Aggregated records that the Kinesis Producer Library itself made, as published with the tests of
// awslabs/kinesis-aggregation (python/test/test_deagg.py): with explicit hash keys and without.
constexpr std::string_view kWithHashKeys =
    "84mawgokZmMwM2RkODgtM2U3OS00NDhhLWIwMWEtN2NmMWJkNDdiNzg0CiRjYWU0MWIxYy1lYTYxLTQzZjItOTBi"
    "ZS1iODc1NWViZjg4ZTIKJGQ0OTA2OTBjLWU3NGQtNGRiMi1hM2M4LWQ4ZjJmMTg0ZmQyMwokYzkyNGJjMDktYjg1"
    "ZS00N2YxLWIzMmUtMzM2NTIyZWU1M2M4EiYzODQ4NjQ5NTg2NzUwODM5OTA3ODE1OTcyMzg0NjA1MTgwNzAyMBIn"
    "MTkzNzg3NjAwMDM3NjgxNzA2OTUyMTQzMzU3MDcxOTE2MzUyNjA0EicyNjY4ODA0MzY5NjQ5MzI0MjQyNjU0NjY5"
    "MTY3MzQwNjg2ODQ0MzkSJzMzOTYwNjYwMDk0Mjk2NzM5MTg1NDYwMzU1MjQwMjAyMTg0NzI5MhomCAAQABogUkVD"
    "T1JEIDIyIHBlZW9iaGN6YnpkbXNrYm91cGd5cQoaJggBEAEaIFJFQ09SRCAyMyB1c3dreGZ0eHJvZXVzc2N4c2po"
    "bm8KGiYIAhACGiBSRUNPUkQgMjQgY2FzZWhkZ2l2ZmF4ZXVzdGx5c3p5ChomCAMQAxogUkVDT1JEIDI1IG52ZmZ2"
    "cG11b2dkb3BqaGFtZXZyawpRwVPQ3go0yp4Y6kvM0q3V";
constexpr std::string_view kWithoutHashKeys =
    "84mawgokNzhmZWIxMmEtZGJhMC00NWNhLWE5MWUtYmIxZjJmMTgxOWI0CiRjMmE3NTc4Ny00NjliLTQzMTAtODQw"
    "ZC1kNDg2ZGNhN2ViNWUKJDY1MGU5MzYyLTU3MmItNDQyNy1iM2ZjLTEzNTQ5ZDdlNWFlNQokMWQ4ZDk2MDAtMDBi"
    "Ny00NmYzLWE5ODMtZGU4MzQ3NzU0MGMwCiRmMmU3MThhMC0zODliLTQ5NGEtYjc5Ni0zMzU1YjA3NTY5Y2MKJDk2"
    "NWI4ZGE0LWE2YmQtNDc1NS04MWM5LWU3MTgxYWI3ZGM5YQokZDY5M2M1ZjAtNTc3Mi00NmM5LThkODYtMDhjNzA1"
    "NWJkYjc1CiQ4ZDkyNDc2Yi1lYjg5LTRlODEtOTlmYi1jMmJhNjNhZDZkOTAaJAgAGiBSRUNPUkQgMTggaWtscnBz"
    "dnloeG5lcm9kZmVoZXJ1ChokCAEaIFJFQ09SRCAxOSBsbm1udWR5aHZwdmNncm9rZm16ZGgKGiQIAhogUkVDT1JE"
    "IDIwIHBqcXJjZmJ4YWZ6ZG5kem1iZ2FuZQoaJAgDGiBSRUNPUkQgMjEgYWFmcmV5cm50d3V3eGxpeWdrYmhrChok"
    "CAQaIFJFQ09SRCAyMiBxc2FhZGhic2dtdnFnZGlmZ3V5b3UKGiQIBRogUkVDT1JEIDIzIHdqb2tvaXd2enpobGZ0"
    "bHpocWZqawoaJAgGGiBSRUNPUkQgMjQgem9wY2FzY3J0aGJicG5qaXd1aGpiChokCAcaIFJFQ09SRCAyNSB0eGJi"
    "dm5venJ3c2JveHVvbXFib3EKvV1rrLdU+Sy2v8xkgZ5YaA==";

// "partition key|data" of the user records.
std::vector<std::string> Apart(std::string_view aggregate) {
  std::vector<log::Entry> entries;
  EXPECT_EQ(ReadAggregate(aggregate, 1'000, entries), Aggregate::kTaken);
  std::vector<std::string> texts;
  for (const log::Entry& entry : entries) {
    EXPECT_FALSE(entry.explicit_hash_key.has_value());
    texts.push_back(fmt::format("{}|{}", entry.partition_key, entry.data));
  }
  return texts;
}

TEST(AggregateTest, TakesThePublishedRecordsApart) {
  EXPECT_EQ(Apart(*base::FromBase64(kWithHashKeys)),
            (std::vector<std::string>{"fc03dd88-3e79-448a-b01a-7cf1bd47b784|"
                                      "RECORD 22 peeobhczbzdmskboupgyq\n",
                                      "cae41b1c-ea61-43f2-90be-b8755ebf88e2|"
                                      "RECORD 23 uswkxftxroeusscxsjhno\n",
                                      "d490690c-e74d-4db2-a3c8-d8f2f184fd23|"
                                      "RECORD 24 casehdgivfaxeustlyszy\n",
                                      "c924bc09-b85e-47f1-b32e-336522ee53c8|"
                                      "RECORD 25 nvffvpmuogdopjhamevrk\n"}));
  EXPECT_EQ(Apart(*base::FromBase64(kWithoutHashKeys)),
            (std::vector<std::string>{
                "78feb12a-dba0-45ca-a91e-bb1f2f1819b4|RECORD 18 iklrpsvyhxnerodfeheru\n",
                "c2a75787-469b-4310-840d-d486dca7eb5e|RECORD 19 lnmnudyhvpvcgrokfmzdh\n",
                "650e9362-572b-4427-b3fc-13549d7e5ae5|RECORD 20 pjqrcfbxafzdndzmbgane\n",
                "1d8d9600-00b7-46f3-a983-de83477540c0|RECORD 21 aafreyrntwuwxliygkbhk\n",
                "f2e718a0-389b-494a-b796-3355b07569cc|RECORD 22 qsaadhbsgmvqgdifguyou\n",
                "965b8da4-a6bd-4755-81c9-e7181ab7dc9a|RECORD 23 wjokoiwvzzhlftlzhqfjk\n",
                "d693c5f0-5772-46c9-8d86-08c7055bdb75|RECORD 24 zopcascrthbbpnjiwuhjb\n",
                "8d92476b-eb89-4e81-99fb-c2ba63ad6d90|RECORD 25 txbbvnozrwsboxuomqboq\n"}));
}

// The message between its magic number and its checksum.
std::string Wrap(std::string_view message) {
  std::string record = "\xF3\x89\x9A\xC2";
  record.append(message);
  const unsigned __int128 sum = base::Md5(message);
  for (int shift = 120; shift >= 0; shift -= 8) {
    record.push_back(static_cast<char>(sum >> shift));
  }
  return record;
}

// The message by its hex, in which blanks mean nothing.
std::string Hex(std::string hex) {
  std::erase(hex, ' ');
  return Wrap(base::FromHex(hex).value());
}

Aggregate Judge(std::string_view record, size_t limit = 10) {
  std::vector<log::Entry> entries(1);
  const Aggregate judged = ReadAggregate(record, limit, entries);
  EXPECT_EQ(entries.size() > 1, judged == Aggregate::kTaken);
  return judged;
}

TEST(AggregateTest, ReadsWhatProtobufAllows) {
  // Records before the tables, unknown fields of every kind, the last of repeated members, tags.
  EXPECT_EQ(Apart(Hex("1a06 0800 0801 1a00 0a0161 0a0162 2801 310102030405060708 3d01020304 "
                      "3a0178")),
            (std::vector<std::string>{"b|"}));
}

TEST(AggregateTest, TakesHashKeysThatAreNoNumbers) {
  // As some producers write them when they have none.
  EXPECT_EQ(Apart(Hex("0a0161 1209756e646566696e6564 1a07 0800 1000 1a0178")),
            (std::vector<std::string>{"a|x"}));
}

TEST(AggregateTest, TakesNothingFromWhatIsDamaged) {
  const std::string whole = *base::FromBase64(kWithHashKeys);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(Judge(damaged), Aggregate::kDamaged) << i;
    EXPECT_EQ(Judge(whole.substr(0, i)), Aggregate::kDamaged) << i;
  }
  for (const char* const hex : {
           "",                                           // no record
           "0a0161",                                     // no record
           "0a0161 1a04 0801 1a00",                      // no such partition key
           "0a0161 1a06 0800 1000 1a00",                 // no such hash key
           "0a0161 1a02 0800",                           // no data
           "0a0161 1a02 1a00",                           // no partition key
           "0a00 1a04 0800 1a00",                        // an empty partition key
           "0a01ff 1a04 0800 1a00",                      // not UTF-8
           "0a0161 1a04 0800 1801",                      // data that is a number
           "0a0161 1a04 0800 1a01",                      // data beyond the end
           "0a0161 1a04 0800 1b00",                      // a group
           "0a0161 1801",                                // a record that is a number
           "0a0161 1a04 0800 1a00 00",                   // field number 0
           "0a0161 1a0e 08ffffffffffffffffffff01 1a00",  // a number of more than 64 bits
       }) {
    EXPECT_EQ(Judge(Hex(hex)), Aggregate::kDamaged) << hex;
  }
  const std::string key = "0a" + std::string("8202") + base::ToHex(std::string(258, 'k'));
  EXPECT_EQ(Judge(Hex(key + "1a0408001a00")), Aggregate::kDamaged);
}

TEST(AggregateTest, HoldsItsLimit) {
  std::string message =
      "\x0A\x01"
      "a";
  for (int i = 0; i < 11; ++i) {
    message.append(std::string_view("\x1A\x04\x08\x00\x1A\x00", 6));
  }
  EXPECT_EQ(Judge(Wrap(message), 11), Aggregate::kTaken);
  EXPECT_EQ(Judge(Wrap(message), 10), Aggregate::kTooMany);
}

}  // namespace
}  // namespace weir::ingest::kinesis
