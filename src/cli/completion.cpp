#include "cli/completion.h"

#include <fmt/format.h>

namespace barnabas::cli {
namespace {

// A place in the command line, as " topic create", and the words that may follow it.
struct Place {
  std::string path;
  std::vector<std::string> words;
};

void collect(const CommandTree& tree, const std::string& path, std::vector<Place>& into) {
  Place place{path, {}};
  for (const CommandTree& each : tree.below) place.words.push_back(each.name);
  for (const std::string& option : tree.options) place.words.push_back(option);
  into.push_back(std::move(place));
  for (const CommandTree& each : tree.below) collect(each, path + " " + each.name, into);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Names of commands and options have letters, digits and dashes only, so nothing needs to be quoted beyond this.
std::string cases(const std::vector<Place>& places, std::string_view format) {
  std::string out;
  for (const Place& place : places) out += fmt::format(fmt::runtime(format), place.path, joined(place.words));
  return out;
}

std::string paths(const std::vector<Place>& places) {
  std::string out;
  for (const Place& place : places) {
    if (!place.path.empty()) out += (out.empty() ? "\"" : "|\"") + place.path + "\"";
  }
  return out;
}

std::string bash(const std::string& name, const std::vector<Place>& places) {
  return fmt::format(R"(# To use it now: source <({0} completion bash)
# For every shell: {0} completion bash > ~/.local/share/bash-completion/completions/{0}
_{0}() {{
  local at="" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in {1}) at="$at $word" ;; esac
  done
  case "$at" in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _{0} {0}
)",
                     name, paths(places), cases(places, "    \"{}\") words=\"{}\" ;;\n"));
}

std::string zsh(const std::string& name, const std::vector<Place>& places) {
  return fmt::format(R"(#compdef {0}
# To use it now: source <({0} completion zsh)
# For every shell: {0} completion zsh > a folder of $fpath, as _{0}
_{0}() {{
  local at="" word
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$at $word" in {1}) at="$at $word" ;; esac
  done
  case "$at" in
{2}  esac
  _files
}}
if [ "$funcstack[1]" = "_{0}" ]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                     name, paths(places), cases(places, "    \"{}\") compadd -- {} ;;\n"));
}

std::string fish(const std::string& name, const std::vector<Place>& places) {
  std::string known;
  for (const Place& place : places) {
    if (!place.path.empty()) known += " \"" + place.path + "\"";
  }
  return fmt::format(R"(# To use it now: {0} completion fish | source
# For every shell: {0} completion fish > ~/.config/fish/completions/{0}.fish
function __{0}_words
  set -l at ""
  set -l typed (commandline -opc)
  for word in $typed[2..-1]
    contains -- "$at $word" {1}; and set at "$at $word"
  end
  switch "$at"
{2}  end
end
complete -c {0} -a '(__{0}_words)'
)",
                     name, known, cases(places, "    case \"{}\"\n      string split \" \" -- \"{}\"\n"));
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell, const CommandTree& root) {
  std::vector<Place> places;
  collect(root, "", places);
  if (shell == "bash") return bash(root.name, places);
  if (shell == "zsh") return zsh(root.name, places);
  if (shell == "fish") return fish(root.name, places);
  return std::nullopt;
}

}  // namespace barnabas::cli
