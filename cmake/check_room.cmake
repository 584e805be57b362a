# Refuses undeclared edges between rooms and third-party headers outside their owner room.
# Called by add_room with -DROOM -DDEPENDS (comma-separated) -DDIR -DSTAMP; fails with the line and
# the remedy.
string(REPLACE "," ";" allowed "${DEPENDS}")
list(APPEND allowed ${ROOM} base)

# header pattern -> owner room
set(owners
  "fmt/=base" "prometheus/=base" "simdjson=json" "duckdb\\.h=duckdb" "boost/=net" "nghttp2/=net"
  "openssl/=crypto" "sqlite3=catalog" "yaml-cpp/=stack" "CLI/=server" "toml=server" "zlib=lake" "curl/=net")

file(GLOB_RECURSE files "${DIR}/*.h" "${DIR}/*.cc")
set(problems "")
foreach(file IN LISTS files)
  file(STRINGS "${file}" includes REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS includes)
    if(line MATCHES "include[ \t]*\"([a-z_]+)/")
      set(target "${CMAKE_MATCH_1}")
      list(FIND allowed "${target}" at)
      if(at EQUAL -1)
        string(APPEND problems "${file}: ${line}\n  room '${ROOM}' has no declared edge to room '${target}': "
          "add it to add_room(NAME ${ROOM} …) in CMakeLists.txt if the design allows it, or go through a store\n")
      endif()
    elseif(line MATCHES "include[ \t]*<([^>]+)>")
      set(header "${CMAKE_MATCH_1}")
      foreach(rule IN LISTS owners)
        string(REGEX MATCH "^(.*)=([a-z]+)$" _ "${rule}")
        set(pattern "${CMAKE_MATCH_1}")
        set(owner "${CMAKE_MATCH_2}")
        if(header MATCHES "^${pattern}" AND NOT owner STREQUAL ROOM)
          string(APPEND problems "${file}: ${line}\n  <${header}> belongs to room '${owner}': use what that "
            "room offers instead\n")
        endif()
      endforeach()
    endif()
  endforeach()
endforeach()
if(problems)
  message(FATAL_ERROR "Room '${ROOM}' breaks the map of rooms:\n${problems}")
endif()
file(WRITE "${STAMP}" "")
