#include "model/error_code.h"

#include <array>

namespace barnabas {

namespace {

struct Row {
  ErrorCode code;
  bool retriable;
  std::string_view name;
  std::string_view message;
};

constexpr std::array kRows = {
    Row{ErrorCode::kUnknownServerError, false, "UNKNOWN_SERVER_ERROR", "something went wrong inside the broker"},
    Row{ErrorCode::kNone, false, "NONE", "no error"},
    Row{ErrorCode::kOffsetOutOfRange, false, "OFFSET_OUT_OF_RANGE", "the partition has no such offset"},
    Row{ErrorCode::kCorruptMessage, true, "CORRUPT_MESSAGE", "the record batch is damaged"},
    Row{ErrorCode::kUnknownTopicOrPartition, true, "UNKNOWN_TOPIC_OR_PARTITION", "no such topic or partition"},
    Row{ErrorCode::kInvalidFetchSize, false, "INVALID_FETCH_SIZE", "the fetch size makes no sense"},
    Row{ErrorCode::kLeaderNotAvailable, true, "LEADER_NOT_AVAILABLE", "the partition has no leader at the moment"},
    Row{ErrorCode::kNotLeaderOrFollower, true, "NOT_LEADER_OR_FOLLOWER", "this broker is not the leader or a replica of the partition"},
    Row{ErrorCode::kRequestTimedOut, true, "REQUEST_TIMED_OUT", "the request took too long"},
    Row{ErrorCode::kBrokerNotAvailable, false, "BROKER_NOT_AVAILABLE", "the broker is not available"},
    Row{ErrorCode::kReplicaNotAvailable, true, "REPLICA_NOT_AVAILABLE", "the replica is not available"},
    Row{ErrorCode::kMessageTooLarge, false, "MESSAGE_TOO_LARGE", "the record batch is larger than the topic allows"},
    Row{ErrorCode::kStaleControllerEpoch, false, "STALE_CONTROLLER_EPOCH", "another controller has taken over"},
    Row{ErrorCode::kOffsetMetadataTooLarge, false, "OFFSET_METADATA_TOO_LARGE", "the metadata of a committed offset is too long"},
    Row{ErrorCode::kNetworkException, true, "NETWORK_EXCEPTION", "the connection broke before the answer"},
    Row{ErrorCode::kCoordinatorLoadInProgress, true, "COORDINATOR_LOAD_IN_PROGRESS", "the coordinator is still loading"},
    Row{ErrorCode::kCoordinatorNotAvailable, true, "COORDINATOR_NOT_AVAILABLE", "the coordinator is not available"},
    Row{ErrorCode::kNotCoordinator, true, "NOT_COORDINATOR", "this broker is not the coordinator"},
    Row{ErrorCode::kInvalidTopicException, false, "INVALID_TOPIC_EXCEPTION",
        "the topic may not be used like this, or its name is not valid"},
    Row{ErrorCode::kRecordListTooLarge, false, "RECORD_LIST_TOO_LARGE", "the record batch does not fit into a segment"},
    Row{ErrorCode::kNotEnoughReplicas, true, "NOT_ENOUGH_REPLICAS", "too few replicas are in sync to accept the records"},
    Row{ErrorCode::kNotEnoughReplicasAfterAppend, true, "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "the records were written, but too few replicas are in sync"},
    Row{ErrorCode::kInvalidRequiredAcks, false, "INVALID_REQUIRED_ACKS", "acks must be 0, 1 or -1"},
    Row{ErrorCode::kIllegalGeneration, false, "ILLEGAL_GENERATION", "the group has moved on to another generation"},
    Row{ErrorCode::kInconsistentGroupProtocol, false, "INCONSISTENT_GROUP_PROTOCOL",
        "no protocol in common with the other members of the group"},
    Row{ErrorCode::kInvalidGroupId, false, "INVALID_GROUP_ID", "the group id is not valid"},
    Row{ErrorCode::kUnknownMemberId, false, "UNKNOWN_MEMBER_ID", "the group has no such member"},
    Row{ErrorCode::kInvalidSessionTimeout, false, "INVALID_SESSION_TIMEOUT", "the session timeout is outside of what the broker allows"},
    Row{ErrorCode::kRebalanceInProgress, false, "REBALANCE_IN_PROGRESS", "the group is rebalancing, join again"},
    Row{ErrorCode::kInvalidCommitOffsetSize, false, "INVALID_COMMIT_OFFSET_SIZE", "the committed offset is too large to store"},
    Row{ErrorCode::kTopicAuthorizationFailed, false, "TOPIC_AUTHORIZATION_FAILED", "not allowed on this topic"},
    Row{ErrorCode::kGroupAuthorizationFailed, false, "GROUP_AUTHORIZATION_FAILED", "not allowed on this group"},
    Row{ErrorCode::kClusterAuthorizationFailed, false, "CLUSTER_AUTHORIZATION_FAILED", "not allowed on the cluster"},
    Row{ErrorCode::kInvalidTimestamp, false, "INVALID_TIMESTAMP", "a record's timestamp is out of range"},
    Row{ErrorCode::kUnsupportedSaslMechanism, false, "UNSUPPORTED_SASL_MECHANISM", "the broker does not offer this SASL mechanism"},
    Row{ErrorCode::kIllegalSaslState, false, "ILLEGAL_SASL_STATE", "the request does not fit the state of authentication"},
    Row{ErrorCode::kUnsupportedVersion, false, "UNSUPPORTED_VERSION", "the broker does not speak this version of the request"},
    Row{ErrorCode::kTopicAlreadyExists, false, "TOPIC_ALREADY_EXISTS", "a topic of this name exists"},
    Row{ErrorCode::kInvalidPartitions, false, "INVALID_PARTITIONS", "the number of partitions is not valid"},
    Row{ErrorCode::kInvalidReplicationFactor, false, "INVALID_REPLICATION_FACTOR", "the replication factor is not valid for this cluster"},
    Row{ErrorCode::kInvalidReplicaAssignment, false, "INVALID_REPLICA_ASSIGNMENT", "the replica assignment is not valid"},
    Row{ErrorCode::kInvalidConfig, false, "INVALID_CONFIG", "a setting is not valid"},
    Row{ErrorCode::kNotController, true, "NOT_CONTROLLER", "this broker is not the controller"},
    Row{ErrorCode::kInvalidRequest, false, "INVALID_REQUEST", "the request contradicts itself or is malformed"},
    Row{ErrorCode::kUnsupportedForMessageFormat, false, "UNSUPPORTED_FOR_MESSAGE_FORMAT",
        "the record format of old clients is not supported for this"},
    Row{ErrorCode::kPolicyViolation, false, "POLICY_VIOLATION", "a policy of this cluster forbids it"},
    Row{ErrorCode::kOutOfOrderSequenceNumber, false, "OUT_OF_ORDER_SEQUENCE_NUMBER",
        "the producer's sequence number does not follow its last one"},
    Row{ErrorCode::kDuplicateSequenceNumber, false, "DUPLICATE_SEQUENCE_NUMBER", "the producer has sent this batch before"},
    Row{ErrorCode::kInvalidProducerEpoch, false, "INVALID_PRODUCER_EPOCH", "the producer's epoch is out of date"},
    Row{ErrorCode::kInvalidTxnState, false, "INVALID_TXN_STATE", "the transaction is in no state for this"},
    Row{ErrorCode::kInvalidProducerIdMapping, false, "INVALID_PRODUCER_ID_MAPPING",
        "the producer id does not belong to this transactional id"},
    Row{ErrorCode::kInvalidTransactionTimeout, false, "INVALID_TRANSACTION_TIMEOUT",
        "the transaction timeout is not within what the broker allows"},
    Row{ErrorCode::kConcurrentTransactions, true, "CONCURRENT_TRANSACTIONS", "another operation on this transaction is still going on"},
    Row{ErrorCode::kTransactionCoordinatorFenced, false, "TRANSACTION_COORDINATOR_FENCED", "the transaction coordinator has been replaced"},
    Row{ErrorCode::kTransactionalIdAuthorizationFailed, false, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "not allowed on this transactional id"},
    Row{ErrorCode::kSecurityDisabled, false, "SECURITY_DISABLED", "security is not enabled"},
    Row{ErrorCode::kOperationNotAttempted, false, "OPERATION_NOT_ATTEMPTED", "not tried, because something else in the request failed"},
    Row{ErrorCode::kKafkaStorageError, true, "KAFKA_STORAGE_ERROR", "the log directory has failed"},
    Row{ErrorCode::kLogDirNotFound, false, "LOG_DIR_NOT_FOUND", "the broker has no such log directory"},
    Row{ErrorCode::kSaslAuthenticationFailed, false, "SASL_AUTHENTICATION_FAILED", "authentication failed"},
    Row{ErrorCode::kUnknownProducerId, false, "UNKNOWN_PRODUCER_ID", "nothing is known any more about this producer id"},
    Row{ErrorCode::kReassignmentInProgress, false, "REASSIGNMENT_IN_PROGRESS", "the partition is being reassigned"},
    Row{ErrorCode::kDelegationTokenAuthDisabled, false, "DELEGATION_TOKEN_AUTH_DISABLED", "delegation tokens are not enabled"},
    Row{ErrorCode::kDelegationTokenNotFound, false, "DELEGATION_TOKEN_NOT_FOUND", "no such delegation token"},
    Row{ErrorCode::kDelegationTokenOwnerMismatch, false, "DELEGATION_TOKEN_OWNER_MISMATCH",
        "the delegation token belongs to somebody else"},
    Row{ErrorCode::kDelegationTokenRequestNotAllowed, false, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
        "delegation tokens cannot be asked for over this connection"},
    Row{ErrorCode::kDelegationTokenAuthorizationFailed, false, "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
        "not allowed on this delegation token"},
    Row{ErrorCode::kDelegationTokenExpired, false, "DELEGATION_TOKEN_EXPIRED", "the delegation token has expired"},
    Row{ErrorCode::kInvalidPrincipalType, false, "INVALID_PRINCIPAL_TYPE", "this type of principal is not supported"},
    Row{ErrorCode::kNonEmptyGroup, false, "NON_EMPTY_GROUP", "the group still has members"},
    Row{ErrorCode::kGroupIdNotFound, false, "GROUP_ID_NOT_FOUND", "no such group"},
    Row{ErrorCode::kFetchSessionIdNotFound, true, "FETCH_SESSION_ID_NOT_FOUND", "the broker does not know the fetch session"},
    Row{ErrorCode::kInvalidFetchSessionEpoch, true, "INVALID_FETCH_SESSION_EPOCH", "the fetch session has moved on"},
    Row{ErrorCode::kListenerNotFound, true, "LISTENER_NOT_FOUND", "the leader has no listener of the name that the client uses"},
    Row{ErrorCode::kTopicDeletionDisabled, false, "TOPIC_DELETION_DISABLED", "deleting topics is switched off"},
    Row{ErrorCode::kFencedLeaderEpoch, true, "FENCED_LEADER_EPOCH", "the leader epoch in the request is out of date"},
    Row{ErrorCode::kUnknownLeaderEpoch, true, "UNKNOWN_LEADER_EPOCH", "the leader epoch in the request is newer than the broker's"},
    Row{ErrorCode::kUnsupportedCompressionType, false, "UNSUPPORTED_COMPRESSION_TYPE", "the client's version cannot read this compression"},
    Row{ErrorCode::kStaleBrokerEpoch, false, "STALE_BROKER_EPOCH", "the broker has registered anew since"},
    Row{ErrorCode::kOffsetNotAvailable, true, "OFFSET_NOT_AVAILABLE", "a new leader does not know yet how far the partition is committed"},
    Row{ErrorCode::kMemberIdRequired, false, "MEMBER_ID_REQUIRED", "join again with the member id that was given"},
    Row{ErrorCode::kPreferredLeaderNotAvailable, true, "PREFERRED_LEADER_NOT_AVAILABLE", "the preferred leader is not available"},
    Row{ErrorCode::kGroupMaxSizeReached, false, "GROUP_MAX_SIZE_REACHED", "the group is full"},
    Row{ErrorCode::kFencedInstanceId, false, "FENCED_INSTANCE_ID", "another consumer runs under this group instance id"},
    Row{ErrorCode::kEligibleLeadersNotAvailable, true, "ELIGIBLE_LEADERS_NOT_AVAILABLE", "no replica may become leader"},
    Row{ErrorCode::kElectionNotNeeded, true, "ELECTION_NOT_NEEDED", "the partition has the leader that was asked for"},
    Row{ErrorCode::kNoReassignmentInProgress, false, "NO_REASSIGNMENT_IN_PROGRESS", "the partition is not being reassigned"},
    Row{ErrorCode::kGroupSubscribedToTopic, false, "GROUP_SUBSCRIBED_TO_TOPIC", "the group still consumes this topic"},
    Row{ErrorCode::kInvalidRecord, false, "INVALID_RECORD", "a record is not valid"},
    Row{ErrorCode::kUnstableOffsetCommit, true, "UNSTABLE_OFFSET_COMMIT", "a pending transaction has yet to decide these offsets"},
    Row{ErrorCode::kThrottlingQuotaExceeded, true, "THROTTLING_QUOTA_EXCEEDED", "a quota is used up, try later"},
    Row{ErrorCode::kProducerFenced, false, "PRODUCER_FENCED", "a newer producer with this transactional id has taken over"},
    Row{ErrorCode::kResourceNotFound, false, "RESOURCE_NOT_FOUND", "no such resource"},
    Row{ErrorCode::kDuplicateResource, false, "DUPLICATE_RESOURCE", "the same resource is named twice"},
    Row{ErrorCode::kUnacceptableCredential, false, "UNACCEPTABLE_CREDENTIAL", "the credential is not acceptable"},
    Row{ErrorCode::kInconsistentVoterSet, false, "INCONSISTENT_VOTER_SET", "the sender or the receiver is no voter"},
    Row{ErrorCode::kInvalidUpdateVersion, false, "INVALID_UPDATE_VERSION", "another update came first"},
    Row{ErrorCode::kFeatureUpdateFailed, false, "FEATURE_UPDATE_FAILED", "the feature levels could not be changed"},
    Row{ErrorCode::kPrincipalDeserializationFailure, false, "PRINCIPAL_DESERIALIZATION_FAILURE",
        "the forwarded principal could not be read"},
    Row{ErrorCode::kSnapshotNotFound, false, "SNAPSHOT_NOT_FOUND", "no such metadata snapshot"},
    Row{ErrorCode::kPositionOutOfRange, false, "POSITION_OUT_OF_RANGE", "the snapshot has no such position"},
    Row{ErrorCode::kUnknownTopicId, true, "UNKNOWN_TOPIC_ID", "no topic has this id"},
    Row{ErrorCode::kDuplicateBrokerRegistration, false, "DUPLICATE_BROKER_REGISTRATION", "another live broker has this id"},
    Row{ErrorCode::kBrokerIdNotRegistered, false, "BROKER_ID_NOT_REGISTERED", "no broker is registered with this id"},
    Row{ErrorCode::kInconsistentTopicId, true, "INCONSISTENT_TOPIC_ID", "the topic id in the request is not that of the log"},
    Row{ErrorCode::kInconsistentClusterId, false, "INCONSISTENT_CLUSTER_ID", "the request is meant for another cluster"},
    Row{ErrorCode::kTransactionalIdNotFound, false, "TRANSACTIONAL_ID_NOT_FOUND", "no such transactional id"},
    Row{ErrorCode::kFetchSessionTopicIdError, true, "FETCH_SESSION_TOPIC_ID_ERROR", "the fetch session mixes topic ids and names"},
    Row{ErrorCode::kIneligibleReplica, false, "INELIGIBLE_REPLICA", "a replica is not fit for the in-sync set"},
    Row{ErrorCode::kNewLeaderElected, false, "NEW_LEADER_ELECTED", "the change was made, and another leader was elected"},
    Row{ErrorCode::kOffsetMovedToTieredStorage, false, "OFFSET_MOVED_TO_TIERED_STORAGE", "the offset has moved to tiered storage"},
    Row{ErrorCode::kFencedMemberEpoch, false, "FENCED_MEMBER_EPOCH", "the member's epoch is out of date, join again"},
    Row{ErrorCode::kUnreleasedInstanceId, false, "UNRELEASED_INSTANCE_ID", "another member still uses this instance id"},
    Row{ErrorCode::kUnsupportedAssignor, false, "UNSUPPORTED_ASSIGNOR", "the group does not know this assignor"},
    Row{ErrorCode::kStaleMemberEpoch, false, "STALE_MEMBER_EPOCH", "the member's epoch is behind, try again after a heartbeat"},
    Row{ErrorCode::kMismatchedEndpointType, false, "MISMATCHED_ENDPOINT_TYPE", "the request went to the wrong kind of endpoint"},
    Row{ErrorCode::kUnsupportedEndpointType, false, "UNSUPPORTED_ENDPOINT_TYPE", "this kind of endpoint is not supported"},
    Row{ErrorCode::kUnknownControllerId, false, "UNKNOWN_CONTROLLER_ID", "no such controller"},
    Row{ErrorCode::kUnknownSubscriptionId, false, "UNKNOWN_SUBSCRIPTION_ID", "the telemetry subscription is out of date"},
    Row{ErrorCode::kTelemetryTooLarge, false, "TELEMETRY_TOO_LARGE", "the pushed telemetry is too large"},
    Row{ErrorCode::kInvalidRegistration, false, "INVALID_REGISTRATION", "the controller refuses this registration"},
    Row{ErrorCode::kTransactionAbortable, false, "TRANSACTION_ABORTABLE", "the transaction cannot go on and must be aborted"},
    Row{ErrorCode::kInvalidRecordState, false, "INVALID_RECORD_STATE", "the records are in no state for this acknowledgement"},
    Row{ErrorCode::kShareSessionNotFound, true, "SHARE_SESSION_NOT_FOUND", "the broker does not know the share session"},
    Row{ErrorCode::kInvalidShareSessionEpoch, true, "INVALID_SHARE_SESSION_EPOCH", "the share session has moved on"},
    Row{ErrorCode::kFencedStateEpoch, false, "FENCED_STATE_EPOCH", "the state epoch of the share group is out of date"},
    Row{ErrorCode::kInvalidVoterKey, false, "INVALID_VOTER_KEY", "the voter's key is not the receiver's"},
    Row{ErrorCode::kDuplicateVoter, false, "DUPLICATE_VOTER", "the voter is one already"},
    Row{ErrorCode::kVoterNotFound, false, "VOTER_NOT_FOUND", "no such voter"},
    Row{ErrorCode::kInvalidRegularExpression, false, "INVALID_REGULAR_EXPRESSION", "the regular expression is not valid"},
    Row{ErrorCode::kRebootstrapRequired, false, "REBOOTSTRAP_REQUIRED",
        "the client's metadata is too old, start from the bootstrap servers"},
    Row{ErrorCode::kStreamsInvalidTopology, false, "STREAMS_INVALID_TOPOLOGY", "the streams topology is not valid"},
    Row{ErrorCode::kStreamsInvalidTopologyEpoch, false, "STREAMS_INVALID_TOPOLOGY_EPOCH", "the epoch of the streams topology is not valid"},
    Row{ErrorCode::kStreamsTopologyFenced, false, "STREAMS_TOPOLOGY_FENCED", "the epoch of the streams topology is out of date"},
    Row{ErrorCode::kShareSessionLimitReached, true, "SHARE_SESSION_LIMIT_REACHED", "the broker has as many share sessions as it may"},
};

constexpr std::int16_t kFirst = wire(kRows.front().code);

constexpr bool dense() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (wire(kRows[i].code) != kFirst + static_cast<std::int16_t>(i)) return false;
  }
  return true;
}
static_assert(dense(), "the table is indexed by code");

constexpr Row kUnknown{ErrorCode::kUnknownServerError, false, "UNKNOWN", "an error code that this version does not know"};

const Row& row(ErrorCode code) {
  const auto index = static_cast<std::size_t>(wire(code) - kFirst);  // negative wraps beyond the end
  return index < kRows.size() ? kRows[index] : kUnknown;
}

}  // namespace

std::string_view name(ErrorCode code) { return row(code).name; }
std::string_view message(ErrorCode code) { return row(code).message; }
bool retriable(ErrorCode code) { return row(code).retriable; }

}  // namespace barnabas
