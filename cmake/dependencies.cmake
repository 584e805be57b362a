# Third-party libraries: Debian packages, and DuckDB from the npm registry (see tools/duckdb).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(simdjson REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_library(NGHTTP2_LIBRARY nghttp2 REQUIRED)
find_path(NGHTTP2_INCLUDE_DIR nghttp2/nghttp2.h REQUIRED)
add_library(nghttp2::nghttp2 UNKNOWN IMPORTED)
set_target_properties(nghttp2::nghttp2 PROPERTIES
  IMPORTED_LOCATION "${NGHTTP2_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${NGHTTP2_INCLUDE_DIR}")
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
if(WEIR_TESTS)
  find_package(GTest REQUIRED)
endif()
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

set(WEIR_DUCKDB_DIR "${CMAKE_SOURCE_DIR}/tools/duckdb" CACHE PATH "Where npm put DuckDB")
set(duckdb_library "${WEIR_DUCKDB_DIR}/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so")
set(duckdb_header_dir "${WEIR_DUCKDB_DIR}/node_modules/duckdb/src/duckdb/src/include")
if(NOT EXISTS "${duckdb_library}" OR NOT EXISTS "${duckdb_header_dir}/duckdb.h")
  message(FATAL_ERROR "DuckDB is missing under ${WEIR_DUCKDB_DIR}. Run tools/setup (or: npm ci "
    "--ignore-scripts in tools/duckdb).")
endif()
# The headers are copied alone, so that nothing but DuckDB's C API can be included.
configure_file("${duckdb_header_dir}/duckdb.h" "${CMAKE_BINARY_DIR}/duckdb_c_api/duckdb.h" COPYONLY)
# The library lies beside the program, which finds it by $ORIGIN.
configure_file("${duckdb_library}" "${CMAKE_BINARY_DIR}/libduckdb.so" COPYONLY)
add_library(weir_duckdb_library SHARED IMPORTED GLOBAL)
set_target_properties(weir_duckdb_library PROPERTIES
  IMPORTED_LOCATION "${CMAKE_BINARY_DIR}/libduckdb.so"
  IMPORTED_NO_SONAME OFF
  INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_BINARY_DIR}/duckdb_c_api")
