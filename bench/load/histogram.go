package main

import (
	"math/bits"
	"sync"
	"time"
)

// Histogram counts durations in buckets of 1/64 of a power of two (1.6 %): every sample, none dropped.
type Histogram struct {
	mutex  sync.Mutex
	counts [64 * 64]int64
	total  int64
	max    time.Duration
}

func (h *Histogram) add(d time.Duration) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.counts[bucketOf(max(d, 0))]++
	h.total++
	h.max = max(h.max, d)
}

// quantile is the upper edge of the bucket in which the share q of all samples is reached.
func (h *Histogram) quantile(q float64) time.Duration {
	wanted := int64(q * float64(h.total))
	for bucket, count := range h.counts {
		if wanted -= count; wanted < 0 {
			return min(upperEdge(bucket), h.max)
		}
	}
	return h.max
}

// microseconds are the usual quantiles, as they are kept.
func (h *Histogram) microseconds() Result {
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	return Result{
		"samples": h.total, "p50": us(h.quantile(0.5)), "p90": us(h.quantile(0.9)), "p99": us(h.quantile(0.99)),
		"p999": us(h.quantile(0.999)), "max": us(h.max),
	}
}

// bucketOf: 0-63 ns have a bucket each; above, six bits behind the leading one pick it.
func bucketOf(d time.Duration) int {
	n := uint64(d)
	shift := max(bits.Len64(n)-7, 0)
	return shift*64 + int(n>>shift)
}

func upperEdge(bucket int) time.Duration {
	if bucket < 128 {
		return time.Duration(bucket)
	}
	shift := bucket/64 - 1
	return time.Duration((uint64(bucket-shift*64)+1)<<shift - 1)
}
