# The grammar runs once, before anything else, and a source on CLI11 takes 30 s of a processor to optimize.
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/cli/command_line.cpp PROPERTIES COMPILE_OPTIONS -O0 SKIP_PRECOMPILE_HEADERS ON)
file(GLOB cli_grammar CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/grammar_*.cpp)
set_source_files_properties(${cli_grammar} PROPERTIES COMPILE_OPTIONS -O0 SKIP_PRECOMPILE_HEADERS ON)
target_include_directories(barnabas_cli PRIVATE ${RDKAFKA_INCLUDE_DIR})
target_link_libraries(barnabas_cli PRIVATE ${CMAKE_DL_LIBS})
