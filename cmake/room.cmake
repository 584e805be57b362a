# add_room(NAME <room> DEPENDS <room>... LIBRARIES <target>...)
#
# Declares one room: one folder under src/, one static library weir_<room>, one namespace
# weir::<room>, one test program <room>_test made of the *_test.cc files beside the code.
#
# The build refuses an #include that no edge declares, and a third-party header outside the room
# that owns the library: cmake/check_room.cmake runs before the room compiles.
include(GoogleTest)

function(add_room)
  cmake_parse_arguments(ROOM "" "NAME" "DEPENDS;LIBRARIES" ${ARGN})
  if(ROOM_UNPARSED_ARGUMENTS OR NOT ROOM_NAME)
    message(FATAL_ERROR "add_room: unexpected arguments '${ROOM_UNPARSED_ARGUMENTS}'")
  endif()
  set(dir "${CMAKE_SOURCE_DIR}/src/${ROOM_NAME}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${dir}/*.cc")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${dir}/*.h")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    file(WRITE "${CMAKE_BINARY_DIR}/empty/${ROOM_NAME}.cc" "")
    set(sources "${CMAKE_BINARY_DIR}/empty/${ROOM_NAME}.cc")
  endif()

  set_property(GLOBAL APPEND PROPERTY WEIR_ROOMS ${ROOM_NAME})
  string(REPLACE ";" "," depends_text "${ROOM_DEPENDS}")
  set(stamp "${CMAKE_BINARY_DIR}/check_room/${ROOM_NAME}.stamp")
  add_custom_command(OUTPUT "${stamp}"
    COMMAND ${CMAKE_COMMAND} -DROOM=${ROOM_NAME} -DDEPENDS=${depends_text} -DDIR=${dir} -DSTAMP=${stamp}
            -P "${CMAKE_SOURCE_DIR}/cmake/check_room.cmake"
    DEPENDS ${sources} ${headers} ${tests} "${CMAKE_SOURCE_DIR}/cmake/check_room.cmake"
    COMMENT "Checking the includes of room ${ROOM_NAME}" VERBATIM)
  add_custom_target(check_${ROOM_NAME} DEPENDS "${stamp}")

  add_library(weir_${ROOM_NAME} STATIC ${sources} ${headers})
  add_dependencies(weir_${ROOM_NAME} check_${ROOM_NAME})
  target_include_directories(weir_${ROOM_NAME} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  list(TRANSFORM ROOM_DEPENDS PREPEND weir_ OUTPUT_VARIABLE depend_targets)
  target_link_libraries(weir_${ROOM_NAME} PUBLIC ${depend_targets} ${ROOM_LIBRARIES})

  if(WEIR_TESTS AND tests)
    add_executable(${ROOM_NAME}_test ${tests})
    target_link_libraries(${ROOM_NAME}_test PRIVATE weir_${ROOM_NAME} GTest::gmock GTest::gtest_main)
    set(patience 600)
    if(WEIR_SANITIZE)
      set(patience 3600)
    endif()
    gtest_discover_tests(${ROOM_NAME}_test TEST_PREFIX "${ROOM_NAME}." TEST_LIST ${ROOM_NAME}_tests
      DISCOVERY_TIMEOUT 120 PROPERTIES LABELS unit TIMEOUT ${patience})
  endif()
endfunction()
