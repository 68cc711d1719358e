# The messages are made from schemas/ at build time: one header a schema, their codecs in a few sources.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
set(protocol_shards 8)
set(protocol_out ${CMAKE_BINARY_DIR}/generated)
file(GLOB protocol_schemas CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/*.schema)

set(protocol_headers ${protocol_out}/protocol/generated/api_key.h)
foreach(schema ${protocol_schemas})
  cmake_path(GET schema STEM stem)
  list(APPEND protocol_headers ${protocol_out}/protocol/generated/${stem}.h)
endforeach()
set(protocol_sources ${protocol_out}/protocol_api_table.cpp)
math(EXPR last "${protocol_shards} - 1")
foreach(index RANGE ${last})
  list(APPEND protocol_sources ${protocol_out}/protocol_messages_${index}.cpp)
endforeach()

add_custom_command(
  OUTPUT ${protocol_headers} ${protocol_sources}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/generate_protocol.py
    --schemas ${CMAKE_SOURCE_DIR}/schemas --out ${protocol_out} --shards ${protocol_shards}
  DEPENDS ${protocol_schemas} ${CMAKE_SOURCE_DIR}/tools/generate_protocol.py ${CMAKE_SOURCE_DIR}/tools/schema.py
  COMMENT "Making the protocol messages from schemas/"
  VERBATIM)
target_sources(barnabas_protocol PRIVATE ${protocol_sources} ${protocol_headers})
target_include_directories(barnabas_protocol PUBLIC ${protocol_out})
