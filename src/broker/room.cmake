# For what clients push (otlp.cpp).
target_include_directories(barnabas_broker SYSTEM PUBLIC ${PROTOZERO_INCLUDE_DIR})
