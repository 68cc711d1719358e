#pragma once
// Runs the commands that talk to a cluster or look at files. Each function is one command: what it prints is its product, and what
// it returns the exit code of the program (context.h). None of them throws or ends the process.
#include "cli/context.h"

namespace barnabas::cli {

int run(const Context& context, const AdminCommand& command);

// What a single command is given beside its own struct.
struct Asked {
  const Context& context;
  const ConnectionOptions& connection;
  const OutputOptions& output;
};

int run(const Asked& asked, const TopicCreate& create);
int run(const Asked& asked, const TopicList& list);
int run(const Asked& asked, const TopicDescribe& describe);
int run(const Asked& asked, const TopicAlter& alter);
int run(const Asked& asked, const TopicDelete& remove);
int run(const Asked& asked, const ClusterInfo& info);
int run(const Asked& asked, const ConfigGet& get);
int run(const Asked& asked, const ConfigSet& set);
int run(const Asked& asked, const ConfigExplain& explain);
int run(const Asked& asked, const GroupList& list);
int run(const Asked& asked, const GroupDescribe& describe);
int run(const Asked& asked, const GroupLag& lag);
int run(const Asked& asked, const GroupSeek& seek);
int run(const Asked& asked, const GroupDelete& remove);
int run(const Asked& asked, const Produce& produce);
int run(const Asked& asked, const Consume& consume);
int run(const Asked& asked, const TopicAnalyze& analyze);
int run(const Asked& asked, const StorageDump& dump);
int run(const Asked& asked, const StorageCheck& check);

}  // namespace barnabas::cli
