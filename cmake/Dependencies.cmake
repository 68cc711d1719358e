# Every dependency is a Debian 12 package: tools/packages.txt lists them, docs/decisions/0001-dependencies.md says why.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
# Headers only: produce and consume load the library when they run (docs/decisions/0091-librdkafka-is-loaded-on-demand.md).
find_path(RDKAFKA_INCLUDE_DIR librdkafka/rdkafka.h REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
# Headers only, without a file for CMake.
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)
if(BARNABAS_TESTS)
  find_package(GTest REQUIRED)
endif()
