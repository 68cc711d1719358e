#pragma once
// Rows of the table of settings (setting.h): a subscription of client metrics (KIP-714). Included by table.cpp only.
// clang-format off
#include "config/table/row.h"

namespace barnabas::table {

inline constexpr Setting kClientMetrics[] = {
    {"interval.ms", kInt, "300000", between(100, 3600000), kClusterWide, kEffective,
     "How often clients push their metrics."},
    {"match", kList, "", anything(), kClusterWide, kEffective,
     "Which clients: name=regular expression pairs over client_id, client_instance_id, client_software_name and the like."},
    {"metrics", kList, "", anything(), kClusterWide, kEffective,
     "Prefixes of the metrics to push; * for all."},
};

}  // namespace barnabas::table
