#pragma once
// How a compacted segment takes the place of those it was made of, so that a crash at any step loses nothing and
// doubles nothing. B is the base of the first of them, which is the new one's too.
//
//   1  B.log.cleaned, B.index.cleaned, B.timeindex.cleaned are written and synced     crash: cleared away
//   2  they are renamed to *.swap, the log last; the folder is synced                  from here a crash finishes it
//   3  the others become <base>.log.deleted, the indexes get their names; folder synced
//   4  B.log.swap becomes B.log, which replaces the old one; folder synced
//
// A B.log.swap is whole, and reaches exactly as far as what it replaces: a compacted segment always ends with the
// last batch of the last one, if need be without records. So recovery knows from the file itself what has to go.
// Readers keep what they had: old segments hold their files open, names or not.
//
// Threads: the one that opens the log.
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/result.h"

namespace barnabas::storage {

inline constexpr const char* kCleanedSuffix = ".cleaned";
inline constexpr const char* kSwapSuffix = ".swap";

// Finishes what a crash left between steps 2 and 4; `names` are the folder's files. True: names have changed.
// kCorrupt: a swapped segment cannot be read, nothing was touched.
Result<bool> finish_swaps(Disk& disk, const Path& folder, const std::vector<std::string>& names);

}  // namespace barnabas::storage
