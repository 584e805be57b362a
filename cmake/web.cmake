# Embeds web/dist (built by npm, see tools/setup) into the dashboard room: each file as it is and
# compressed, with its type and a tag of its content.
option(WEIR_WEB "Embed the page (web/dist) in the program" ON)

set(web_dist "${CMAKE_SOURCE_DIR}/web/dist")
set(web_out "${CMAKE_BINARY_DIR}/web")
set(web_files "")
if(WEIR_WEB)
  file(GLOB_RECURSE web_files CONFIGURE_DEPENDS RELATIVE "${web_dist}" "${web_dist}/*")
  if(NOT "index.html" IN_LIST web_files)
    message(FATAL_ERROR "The page is missing under ${web_dist}. Run tools/setup (or: npm ci "
      "--ignore-scripts && npm run build, in web), or build without it: -DWEIR_WEB=OFF.")
  endif()
  find_program(GZIP_PROGRAM gzip REQUIRED)
endif()

set(web_data "")
set(web_declarations "")
set(web_entries "")
set(number 0)
file(MAKE_DIRECTORY "${web_out}")
foreach(name IN LISTS web_files)
  set(source "${web_dist}/${name}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  get_filename_component(extension "${name}" LAST_EXT)
  set(type "")
  foreach(pair "html=text/html; charset=utf-8" "js=text/javascript; charset=utf-8"
          "css=text/css; charset=utf-8" "svg=image/svg+xml" "png=image/png" "woff2=font/woff2"
          "json=application/json")
    string(REGEX MATCH "^([a-z0-9]+)=(.*)$" unused "${pair}")
    if(extension STREQUAL ".${CMAKE_MATCH_1}")
      set(type "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  if(type STREQUAL "")
    message(FATAL_ERROR "${source}: no content type is known for '${extension}'; add it to cmake/web.cmake")
  endif()
  file(SHA256 "${source}" hash)
  string(SUBSTRING "${hash}" 0 16 tag)
  # Named by content, so that an unchanged file is not written again.
  set(plain "${web_out}/${tag}.bin")
  set(packed "${web_out}/${tag}.gz")
  if(NOT EXISTS "${packed}")
    configure_file("${source}" "${plain}" COPYONLY)
    execute_process(COMMAND "${GZIP_PROGRAM}" -9 -n -c "${source}" OUTPUT_FILE "${packed}"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
  foreach(form plain packed)
    string(APPEND web_data
      "asm(\".section .rodata\\n.global weir_web_${form}_${number}\\nweir_web_${form}_${number}:\\n"
      ".incbin \\\"${${form}}\\\"\\n.global weir_web_${form}_${number}_end\\n"
      "weir_web_${form}_${number}_end:\\n.byte 0\\n.text\\n\");\n")
    string(APPEND web_declarations
      "extern const char weir_web_${form}_${number}[];\nextern const char weir_web_${form}_${number}_end[];\n")
  endforeach()
  string(APPEND web_entries
    "      {\"/${name}\", \"${type}\", \"\\\"${tag}\\\"\",\n"
    "       {weir_web_plain_${number}, weir_web_plain_${number}_end},\n"
    "       {weir_web_packed_${number}, weir_web_packed_${number}_end}},\n")
  math(EXPR number "${number} + 1")
endforeach()

if(number EQUAL 0)
  set(web_body "  return {};")
else()
  set(web_body "  static const WebFile files[] = {\n${web_entries}  };\n  return files;")
endif()
file(CONFIGURE OUTPUT "${web_out}/web_files.cc" @ONLY CONTENT
"// Made by cmake/web.cmake.
#include \"dashboard/web_files.h\"

${web_data}
extern \"C\" {
${web_declarations}}

namespace weir::dashboard {

std::span<const WebFile> WebFiles() {
${web_body}
}

}  // namespace weir::dashboard
")
target_sources(weir_dashboard PRIVATE "${web_out}/web_files.cc")
