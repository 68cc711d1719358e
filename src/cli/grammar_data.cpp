// barnabas produce, consume.
#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

constexpr const char* kProduceExamples =
    "  echo hello | barnabas produce orders\n"
    "  barnabas produce orders -k : < pairs.txt                      key:value on each line\n"
    "  barnabas produce orders -z zstd -H source=import < lines.txt\n"
    "  barnabas consume orders -O :end -o json | barnabas produce copy -i json\n"
    "\nA line without the separator is a record without a key. JSON lines have key, value, headers and timestamp (ms since\n"
    "1970); key_base64 and value_base64 carry bytes that are not UTF-8; null is a tombstone's value. Where a record came\n"
    "from (topic, partition, offset) is left aside, --keep-partitions excepted.\n";

constexpr const char* kConsumeExamples =
    "  barnabas consume orders                           all there is, then what comes, until Ctrl-C\n"
    "  barnabas consume orders -O :end -o json           all there is now, as JSON lines\n"
    "  barnabas consume orders -O -10:end                the last ten of each partition\n"
    "  barnabas consume orders -O @-1h -f '%p %o %d{rfc3339} %k=%v\\n'\n"
    "  barnabas consume orders -O @2026-05-04T10:00:2026-05-04T11:00 -n 100\n"
    "  barnabas consume orders bills -g billing          as a member of a group\n"
    "\nOffsets (-O), FROM, FROM:TO or :TO, as rpk's -o has them:\n"
    "  start  end  7 (that offset)  +7 (from the start)  -7 (before the end); as TO, +7 is so many from FROM\n"
    "  @TIME or @TIME:TIME, a time being ms or s since 1970, 2026-05-04, 2026-05-04T10:30 (UTC), -1h (ago);\n"
    "  as second time also end, or 1m (after the first). TO is not read any more.\n"
    "\nFormats (-f), as rpk's:\n"
    "  %t topic  %p partition  %o offset  %d timestamp in ms  %k key  %v value  %i number of the record  %% a percent sign\n"
    "  %T %K %V  lengths of topic, key, value   %H number of headers   %h{...} each header, inside %k %v %K %V\n"
    "  text with {hex} {base64} {base64raw} {json} {null} (prints null for null); numbers with {hex64}..{hex4} {big64}..{big8} "
    "{little64}..{little8};\n"
    "  %d{rfc3339}; and \\n \\t \\r \\\\ \\xNN. Not supported: %e %a %x %y %[ %| %], and {unpack}.\n"
    "\nWithout -f, the value and a line's end; with -o json (or yaml), a JSON object a line.\n";

CLI::Option* many(CLI::App& app, const char* name, std::vector<std::string>& into, const char* help) {
  return app.add_option(name, into, help)->type_name("KEY=VALUE")->allow_extra_args(false);
}

}  // namespace

void add_data_commands(CLI::App& app, Leaves& leaves) {
  const auto [produce, made] =
      add_admin<Produce>(app, leaves, "produce", "Write records: one a line of the standard input.", kProduceExamples);
  produce->add_option("topic", made->topic, "Topic to write to")->required()->type_name("TOPIC");
  produce->add_option("-k,--key-separator", made->key_separator, "What stands between key and value on a line")->type_name("TEXT");
  many(*produce, "-H,--header", made->headers, "A header for every record; may be repeated");
  produce->add_option("-z,--compression", made->compression, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
      ->type_name("CODEC");
  produce->add_option("--acks", made->acks, "all (in-sync replicas), 1 (the leader) or 0 (nobody)")
      ->check(CLI::IsMember({"all", "-1", "1", "0"}))
      ->type_name("ACKS");
  produce->add_option("-p,--partition", made->partition, "Partition to write to; by the key unless given")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  produce
      ->add_option_function<std::string>(
          "-i,--input", [into = made](const std::string& format) { into->json = format == "json"; }, "lines, or json: a JSON object a line")
      ->check(CLI::IsMember({"lines", "json"}))
      ->type_name("FORMAT");
  produce->add_flag("-Z,--empty-is-null", made->empty_is_null, "A line without a value is a tombstone");
  produce->add_flag("--keep-partitions", made->keep_partitions, "JSON lines go to the partition that they name");
  produce->add_flag("--create", made->auto_create, "A topic that does not exist may be created by the broker");
  many(*produce, "-X,--property", made->properties, "A setting of librdkafka; may be repeated");

  const auto [consume, eaten] = add_admin<Consume>(app, leaves, "consume", "Read records.", kConsumeExamples);
  consume->add_option("topics", eaten->topics, "Topics to read")->required()->type_name("TOPIC");
  consume->add_option("-O,--offset", eaten->range, "What to read; start unless given")->type_name("RANGE");
  consume->add_option("-p,--partition", eaten->partitions, "Only these partitions; may be repeated")
      ->type_name("N")
      ->allow_extra_args(false)
      ->check(CLI::NonNegativeNumber);
  consume->add_option("-n,--num", eaten->count, "Stop after so many records")->type_name("N")->check(CLI::PositiveNumber);
  consume->add_option("-g,--group", eaten->group, "Read as a member of this group, and commit what was printed")->type_name("GROUP");
  consume->add_option("-f,--format", eaten->format, "How to print a record")->type_name("FORMAT");
  many(*consume, "-X,--property", eaten->properties, "A setting of librdkafka; may be repeated");
}

}  // namespace barnabas::cli
