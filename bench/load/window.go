package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const ticksPerSecond = 100 // USER_HZ of every Linux that Go runs on

// Window is a stretch of time and the processor time spent in it.
type Window struct {
	pid     int
	begun   time.Time
	broker  [2]float64 // user, system
	client  float64
	machine float64
}

func openWindow(pid int) (*Window, error) {
	w := &Window{pid: pid}
	var err error
	if w.broker, w.client, w.machine, err = readTimes(pid); err != nil {
		return nil, err
	}
	w.begun = time.Now()
	return w, nil
}

// close adds the window to a result. The residual is what the machine did beside broker and client: writeback and
// other kernel threads, and whatever else ran.
func (w *Window) close(result Result) (Result, error) {
	seconds := time.Since(w.begun).Seconds()
	broker, client, machine, err := readTimes(w.pid)
	if err != nil {
		return nil, err
	}
	user, system := broker[0]-w.broker[0], broker[1]-w.broker[1]
	result["seconds"] = seconds
	result["broker_user_s"] = user
	result["broker_system_s"] = system
	result["broker_cpu_s"] = user + system
	result["client_cpu_s"] = client - w.client
	result["residual_cpu_s"] = machine - w.machine - (user + system) - (client - w.client)
	return result, nil
}

func readTimes(pid int) (broker [2]float64, client, machine float64, err error) {
	if pid != 0 {
		if broker, err = processTimes(pid); err != nil {
			return
		}
	}
	var usage syscall.Rusage
	if err = syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return
	}
	client = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	machine, err = machineTime()
	return
}

// processTimes reads utime and stime of /proc/PID/stat, which follow the name in brackets.
func processTimes(pid int) ([2]float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return [2]float64{}, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return [2]float64{seconds(fields[11]), seconds(fields[12])}, nil
}

// machineTime is what all processors spent on anything but waiting: user, nice, system, irq, softirq.
func machineTime() (float64, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	return seconds(fields[1]) + seconds(fields[2]) + seconds(fields[3]) + seconds(fields[6]) + seconds(fields[7]), nil
}

func seconds(ticks string) float64 {
	value, _ := strconv.ParseFloat(ticks, 64)
	return value / ticksPerSecond
}
