# The shipped stack is part of the program.
set(shipped_stack "${CMAKE_BINARY_DIR}/stack/shipped.cc")
add_custom_command(OUTPUT "${shipped_stack}"
  COMMAND ${CMAKE_COMMAND} "-DINPUT=${CMAKE_SOURCE_DIR}/stacks/ad-to-order.yaml" "-DOUTPUT=${shipped_stack}"
          -P "${CMAKE_SOURCE_DIR}/cmake/embed_stack.cmake"
  DEPENDS "${CMAKE_SOURCE_DIR}/stacks/ad-to-order.yaml" "${CMAKE_SOURCE_DIR}/cmake/embed_stack.cmake"
  COMMENT "Embedding stacks/ad-to-order.yaml" VERBATIM)
target_sources(weir_stack PRIVATE "${shipped_stack}")

# So is the script that shops load.
set(script "${CMAKE_SOURCE_DIR}/src/ingest/browser/weir.js")
set(embedded_script "${CMAKE_BINARY_DIR}/ingest/script.cc")
add_custom_command(OUTPUT "${embedded_script}"
  COMMAND ${CMAKE_COMMAND} "-DINPUT=${script}" "-DOUTPUT=${embedded_script}"
          -P "${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake"
  DEPENDS "${script}" "${CMAKE_SOURCE_DIR}/cmake/embed_script.cmake"
  COMMENT "Embedding weir.js" VERBATIM)
target_sources(weir_ingest PRIVATE "${embedded_script}")

# The program: src/server/main.cc on top of every room.
if(EXISTS "${CMAKE_SOURCE_DIR}/src/server/main.cc")
  add_executable(weir src/server/main.cc)
  target_link_libraries(weir PRIVATE weir_server)
  set_target_properties(weir PROPERTIES BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN"
    BUILD_WITH_INSTALL_RPATH ON RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
endif()
