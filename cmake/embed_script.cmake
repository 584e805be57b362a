# Writes weir.js as a C++ source file, without the blanks at the beginnings of its lines: -DINPUT -DOUTPUT.
file(READ "${INPUT}" text)
string(REGEX REPLACE "\n +" "\n" text "${text}")
string(LENGTH "${text}" size)
if(text MATCHES "\\)weir_script\"" OR text MATCHES "`")
  message(FATAL_ERROR "${INPUT} holds the end of a raw string, or a template literal, whose blanks would be lost")
endif()
if(size GREATER_EQUAL 2048)
  message(FATAL_ERROR "${INPUT} is served as ${size} bytes; shops are promised less than 2048")
endif()
file(WRITE "${OUTPUT}" "// Made from src/ingest/browser/weir.js by the build.\n#include \"ingest/browser/script.h\"\n\n"
  "namespace weir::ingest::browser {\n\nstd::string_view Script() {\n  return R\"weir_script(${text})weir_script\";\n}\n\n"
  "}  // namespace weir::ingest::browser\n")
