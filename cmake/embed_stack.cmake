# Writes the shipped template as a C++ source file: -DINPUT -DOUTPUT.
file(READ "${INPUT}" text)
if(text MATCHES "\\)weir_stack\"")
  message(FATAL_ERROR "${INPUT} holds the end of a raw string")
endif()
file(WRITE "${OUTPUT}" "// Made from stacks/ad-to-order.yaml by the build.\n#include \"stack/shipped.h\"\n\n"
  "namespace weir::stack {\n\nstd::string_view ShippedTemplate() {\n  return R\"weir_stack(${text})weir_stack\";\n}\n\n"
  "}  // namespace weir::stack\n")
