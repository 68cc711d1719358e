package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// How often a member asks whether it must join again. Kafka's clients ask every three seconds; what is measured here is
// the broker, not that.
const beatInterval = 50 * time.Millisecond

// groupMember is one member of a classic group on a connection of its own, as thin as the protocol allows.
type groupMember struct {
	index      int
	connection net.Conn
	group      string
	topic      string
	partitions func() int
	id         string
	generation int32
	joins      int
	rejoin     chan struct{} // the leader wants a rebalance
	leads      bool
}

// synced tells that a member has its assignment.
type synced struct {
	member     int
	generation int32
	partitions int
	leads      bool
	joins      int
	at         time.Time
	err        error
}

// group lets --connections members join one group at once, and then gives them --count partitions more. Both times it
// measures from the first JoinGroup to the last SyncGroup reply of the generation that has everybody.
func group(o Options) (Result, error) {
	admin, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	name := o.topic + "-group"
	if err := waitForCoordinator(admin, o, name); err != nil {
		return nil, err
	}
	partitions := o.partitions
	reports := make(chan synced, 4*o.connections)
	members := make([]*groupMember, o.connections)
	for i := range members {
		connection, err := net.Dial("tcp", o.brokers)
		if err != nil {
			return nil, err
		}
		defer connection.Close()
		members[i] = &groupMember{
			index: i, connection: connection, group: name, topic: o.topic,
			partitions: func() int { return partitions }, rejoin: make(chan struct{}, 1),
		}
		// A connection's first request costs more than those after it; that is not what is asked for.
		if _, err := ask(connection, kmsg.NewPtrApiVersionsRequest()); err != nil {
			return nil, err
		}
	}

	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	for _, member := range members {
		go member.run(reports)
	}
	first, err := everybody(reports, len(members), partitions, o.duration)
	if err != nil {
		return nil, err
	}
	result := Result{
		"members": len(members), "generations": first.generation, "joins": first.joins,
		"stable_ms": float64(first.last.Sub(begun).Microseconds()) / 1e3,
	}
	if o.count == 0 {
		return window.close(result)
	}
	if err := grow(admin, o.topic, partitions+o.count); err != nil {
		return nil, err
	}
	partitions += o.count
	begun = time.Now()
	members[first.leader].rejoin <- struct{}{}
	second, err := everybody(reports, len(members), partitions, o.duration)
	if err != nil {
		return nil, err
	}
	result["partitions"] = partitions
	result["rebalance_ms"] = float64(second.last.Sub(begun).Microseconds()) / 1e3
	return window.close(result)
}

func waitForCoordinator(client *kgo.Client, o Options, group string) error {
	for deadline := time.Now().Add(o.duration); ; pause() {
		request := kmsg.NewPtrFindCoordinatorRequest()
		request.CoordinatorKeys = []string{group}
		response, err := request.RequestWith(context.Background(), client)
		if err == nil && response.Coordinators[0].ErrorCode == 0 {
			describe := kmsg.NewPtrDescribeGroupsRequest()
			describe.Groups = []string{group}
			described, err := describe.RequestWith(context.Background(), client)
			if err == nil && len(described.Groups) == 1 {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no coordinator: %w", err)
		}
	}
}

func grow(client *kgo.Client, topic string, count int) error {
	wanted := kmsg.NewCreatePartitionsRequestTopic()
	wanted.Topic = topic
	wanted.Count = int32(count)
	request := kmsg.NewPtrCreatePartitionsRequest()
	request.Topics = append(request.Topics, wanted)
	request.TimeoutMillis = 30_000
	response, err := request.RequestWith(context.Background(), client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(response.Topics[0].ErrorCode)
}

type generation struct {
	generation int32
	leader     int
	joins      int
	last       time.Time
}

// everybody waits until all members have an assignment of one generation, together of all the partitions.
func everybody(reports <-chan synced, members, partitions int, patience time.Duration) (generation, error) {
	newest := make(map[int]synced, members)
	timeout := time.After(patience)
	for {
		select {
		case report := <-reports:
			if report.err != nil {
				return generation{}, fmt.Errorf("member %d: %w", report.member, report.err)
			}
			newest[report.member] = report
			if len(newest) < members {
				continue
			}
			found := generation{generation: report.generation, leader: -1}
			total, same := 0, true
			for index, one := range newest {
				same = same && one.generation == report.generation
				total += one.partitions
				found.joins += one.joins
				if one.leads {
					found.leader = index
				}
				if one.at.After(found.last) {
					found.last = one.at
				}
			}
			if same && total == partitions {
				return found, nil
			}
		case <-timeout:
			return generation{}, fmt.Errorf("after %s only %d of %d members have an assignment", patience, len(newest), members)
		}
	}
}

func (m *groupMember) run(reports chan<- synced) {
	for {
		assigned, err := m.joinAndSync()
		if errors.Is(err, net.ErrClosed) {
			return // the measurement is over
		}
		if errors.Is(err, kerr.RebalanceInProgress) || errors.Is(err, kerr.IllegalGeneration) {
			continue
		}
		reports <- synced{m.index, m.generation, assigned, m.leads, m.joins, time.Now(), err}
		if err != nil || !m.beatUntilRebalance() {
			return
		}
	}
}

func (m *groupMember) beatUntilRebalance() bool {
	// Members that became stable in the same moment do not all beat in the same moment.
	time.Sleep(time.Duration(m.index%50) * beatInterval / 50)
	for {
		select {
		case <-m.rejoin:
			return true
		case <-time.After(beatInterval):
		}
		request := kmsg.NewPtrHeartbeatRequest()
		request.Version = 4
		request.Group, request.MemberID, request.Generation = m.group, m.id, m.generation
		response, err := ask(m.connection, request)
		if err != nil {
			return false
		}
		if code := response.(*kmsg.HeartbeatResponse).ErrorCode; code != 0 {
			return errors.Is(kerr.ErrorForCode(code), kerr.RebalanceInProgress)
		}
	}
}

// joinAndSync returns how many partitions the member got.
func (m *groupMember) joinAndSync() (int, error) {
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{m.topic}
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = "range", metadata.AppendTo(nil)
	join := kmsg.NewPtrJoinGroupRequest()
	join.Version = 9
	join.Group, join.MemberID, join.ProtocolType = m.group, m.id, "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 30_000, 30_000
	join.Protocols = append(join.Protocols, protocol)
	m.joins++
	response, err := ask(m.connection, join)
	if err != nil {
		return 0, err
	}
	joined := response.(*kmsg.JoinGroupResponse)
	if err := kerr.ErrorForCode(joined.ErrorCode); errors.Is(err, kerr.MemberIDRequired) {
		m.id = joined.MemberID
		return m.joinAndSync()
	} else if err != nil {
		return 0, err
	}
	m.id, m.generation, m.leads = joined.MemberID, joined.Generation, joined.LeaderID == joined.MemberID

	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Version = 5
	sync.Group, sync.MemberID, sync.Generation = m.group, m.id, m.generation
	sync.ProtocolType, sync.Protocol = joined.ProtocolType, joined.Protocol
	if m.leads {
		sync.GroupAssignment = plan(joined.Members, m.topic, m.partitions())
	}
	response, err = ask(m.connection, sync)
	if err != nil {
		return 0, err
	}
	got := response.(*kmsg.SyncGroupResponse)
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return 0, err
	}
	return countAssigned(got.MemberAssignment)
}

// plan deals the partitions out in turn.
func plan(members []kmsg.JoinGroupResponseMember, topic string, partitions int) []kmsg.SyncGroupRequestGroupAssignment {
	sort.Slice(members, func(a, b int) bool { return members[a].MemberID < members[b].MemberID })
	assignments := make([]kmsg.SyncGroupRequestGroupAssignment, 0, len(members))
	for i, member := range members {
		assigned := kmsg.NewConsumerMemberAssignmentTopic()
		assigned.Topic = topic
		for partition := i; partition < partitions; partition += len(members) {
			assigned.Partitions = append(assigned.Partitions, int32(partition))
		}
		assignment := kmsg.NewConsumerMemberAssignment()
		assignment.Topics = append(assignment.Topics, assigned)
		one := kmsg.NewSyncGroupRequestGroupAssignment()
		one.MemberID, one.MemberAssignment = member.MemberID, assignment.AppendTo(nil)
		assignments = append(assignments, one)
	}
	return assignments
}

func countAssigned(bytes []byte) (int, error) {
	if len(bytes) < binary.Size(int16(0)) {
		return 0, nil
	}
	var assignment kmsg.ConsumerMemberAssignment
	if err := assignment.ReadFrom(bytes); err != nil {
		return 0, err
	}
	count := 0
	for _, topic := range assignment.Topics {
		count += len(topic.Partitions)
	}
	return count, nil
}
