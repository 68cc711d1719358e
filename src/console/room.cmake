# The test compares the table with the page made from it, wherever it is run.
set_source_files_properties(${dir}/markdown_test.cpp PROPERTIES COMPILE_DEFINITIONS BARNABAS_DOCS_DIR="${CMAKE_SOURCE_DIR}/docs")
