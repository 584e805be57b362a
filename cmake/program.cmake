# The program: src/server/main.cc on top of every room.
if(EXISTS "${CMAKE_SOURCE_DIR}/src/server/main.cc")
  add_executable(weir src/server/main.cc)
  target_link_libraries(weir PRIVATE weir_server)
  set_target_properties(weir PROPERTIES BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN"
    BUILD_WITH_INSTALL_RPATH ON RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
endif()
