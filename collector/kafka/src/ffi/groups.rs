//! Consumer groups: which there are, their members, what they have committed. None of it joins or creates a group.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rd;

use super::admin::{Answers, Options, PartitionList};
use super::client::Client;
use super::event::Event;
use super::{ErrorCode, c_text, milliseconds, owned_text};

/// Requests under way at once. Each finds its own way to the group's coordinator.
const AT_ONCE: usize = 32;

const NO_ERROR: rd::rd_kafka_resp_err_t = rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// How librdkafka tells the state and the kind of a group.
pub(crate) type State = rd::rd_kafka_consumer_group_state_t;
pub(crate) type GroupType = rd::rd_kafka_consumer_group_type_t;

/// A group by name.
#[derive(Debug)]
pub(crate) struct ListedGroup {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) kind: GroupType,
}

/// All groups that brokers told, and why some did not answer.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) groups: Vec<ListedGroup>,
    pub(crate) faults: Vec<(ErrorCode, String)>,
}

/// A group with its members.
#[derive(Debug)]
pub(crate) struct DescribedGroup {
    pub(crate) listed: ListedGroup,
    pub(crate) members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) host: String,
    pub(crate) partitions: Vec<(String, i32)>,
}

/// Committed offsets; partitions without one are absent.
pub(crate) type Offsets = BTreeMap<(String, i32), i64>;

impl Client {
    /// All groups, one request a broker. Blocks.
    pub(crate) fn list_groups(&self, wait: Duration) -> Result<Listed, ErrorCode> {
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, wait)?;
        let answer = self.ask(wait, |queue| {
            // SAFETY: all handles are live.
            unsafe { rd::rd_kafka_ListConsumerGroups(self.raw(), options.raw(), queue) }
        })?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_ListConsumerGroups_result(answer.raw());
            let (mut valid, mut faulty) = (0, 0);
            let groups = rd::rd_kafka_ListConsumerGroups_result_valid(result, &mut valid);
            let faults = rd::rd_kafka_ListConsumerGroups_result_errors(result, &mut faulty);
            Ok(Listed {
                groups: (0..valid).map(|at| listed_of(*groups.add(at))).collect(),
                faults: (0..faulty).filter_map(|at| fault_of(*faults.add(at))).collect(),
            })
        }
    }

    /// Names of all groups, of whatever protocol, which is empty where the old requests know nothing of them: so it is with
    /// share groups. Every group is described, so this is not for each pass. Blocks.
    pub(crate) fn list_all_groups(&self, wait: Duration) -> Result<Vec<(String, String)>, ErrorCode> {
        let mut raw = ptr::null();
        // SAFETY: the client is live; the list is destroyed once, when everything is copied.
        unsafe {
            let outcome = rd::rd_kafka_list_groups(self.raw(), ptr::null(), &mut raw, milliseconds(wait));
            let Some(list) = raw.as_ref() else { return ErrorCode::check(outcome).map(|()| Vec::new()) };
            let count = usize::try_from(list.group_cnt).unwrap_or(0);
            let group = |at: usize| {
                let info = &*list.groups.add(at);
                (owned_text(info.group), owned_text(info.protocol_type))
            };
            let all = (0..count).map(group).collect();
            rd::rd_kafka_group_list_destroy(raw);
            Ok(all)
        }
    }

    /// Members of groups, in the order asked, each asked of its coordinator. Blocks.
    pub(crate) fn describe_groups(&self, groups: &[&str], wait: Duration) -> Vec<Result<DescribedGroup, ErrorCode>> {
        self.each(groups, wait, |group, number, answers| self.ask_group(group, number, wait, answers), described)
    }

    /// What groups have committed, in the order asked: of these partitions, or of all. Blocks.
    pub(crate) fn committed(
        &self,
        groups: &[&str],
        of: Option<&[(String, i32)]>,
        wait: Duration,
    ) -> Vec<Result<Offsets, ErrorCode>> {
        let partitions = of.map(|of| {
            let mut list = PartitionList::new(of.len());
            of.iter().for_each(|(topic, partition)| list.add(topic, *partition, 0));
            list
        });
        let ask = |group: &str, number, answers: &Answers| {
            self.ask_committed(group, number, partitions.as_ref(), wait, answers)
        };
        self.each(groups, wait, ask, committed)
    }

    /// Asks one question a group, some at once, and brings the answers into the order of the questions.
    fn each<T>(
        &self,
        groups: &[&str],
        wait: Duration,
        ask: impl Fn(&str, usize, &Answers) -> Result<(), ErrorCode>,
        read: impl Fn(&Event) -> Result<T, ErrorCode>,
    ) -> Vec<Result<T, ErrorCode>> {
        let answers = Answers::new(self);
        let mut outcomes: Vec<Result<T, ErrorCode>> = groups.iter().map(|_| Err(ErrorCode::TIMED_OUT)).collect();
        let mut waiting = 0;
        let mut questions = groups.iter().enumerate();
        loop {
            while waiting < AT_ONCE
                && let Some((number, group)) = questions.next()
            {
                match ask(group, number, &answers) {
                    Ok(()) => waiting += 1,
                    Err(code) => outcomes[number] = Err(code),
                }
            }
            if waiting == 0 {
                return outcomes;
            }
            // Each ends by its own time; nothing at all means that the others will not come either.
            let Ok(event) = answers.next(wait) else { return outcomes };
            waiting -= 1;
            if let Some(outcome) = outcomes.get_mut(event.number()) {
                *outcome = event.error().map_or_else(|| read(&event), Err);
            }
        }
    }

    fn ask_group(&self, group: &str, number: usize, wait: Duration, answers: &Answers) -> Result<(), ErrorCode> {
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, wait)?;
        options.number(number);
        let name: CString = c_text(group);
        let mut names: [*const c_char; 1] = [name.as_ptr()];
        // SAFETY: all handles are live; the name is copied by the call.
        unsafe {
            rd::rd_kafka_DescribeConsumerGroups(self.raw(), names.as_mut_ptr(), 1, options.raw(), answers.raw());
        }
        Ok(())
    }

    fn ask_committed(
        &self,
        group: &str,
        number: usize,
        partitions: Option<&PartitionList>,
        wait: Duration,
        answers: &Answers,
    ) -> Result<(), ErrorCode> {
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, wait)?;
        options.number(number);
        let group = c_text(group);
        let partitions = partitions.map_or(ptr::null_mut(), PartitionList::raw);
        // SAFETY: name and partitions are copied; the question is copied by the second call and destroyed once.
        unsafe {
            let mut question = [rd::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), partitions)];
            let asked = question.as_mut_ptr();
            rd::rd_kafka_ListConsumerGroupOffsets(self.raw(), asked, 1, options.raw(), answers.raw());
            rd::rd_kafka_ListConsumerGroupOffsets_destroy(question[0]);
        }
        Ok(())
    }
}

/// # Safety
/// `group` belongs to a live result.
unsafe fn listed_of(group: *const rd::rd_kafka_ConsumerGroupListing_t) -> ListedGroup {
    // SAFETY: the caller's promise; the text is copied.
    unsafe {
        ListedGroup {
            name: owned_text(rd::rd_kafka_ConsumerGroupListing_group_id(group)),
            state: rd::rd_kafka_ConsumerGroupListing_state(group),
            kind: rd::rd_kafka_ConsumerGroupListing_type(group),
        }
    }
}

/// # Safety
/// `fault` belongs to a live result.
unsafe fn fault_of(fault: *const rd::rd_kafka_error_t) -> Option<(ErrorCode, String)> {
    // SAFETY: the caller's promise; the text is copied.
    unsafe { Some((ErrorCode::of_fault(fault)?, owned_text(rd::rd_kafka_error_string(fault)))) }
}

fn described(event: &Event) -> Result<DescribedGroup, ErrorCode> {
    let mut count = 0;
    // SAFETY: an event of this kind holds such a result, which lives as long; everything is copied.
    unsafe {
        let result = rd::rd_kafka_event_DescribeConsumerGroups_result(event.raw());
        let groups = rd::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
        if count == 0 {
            return Err(ErrorCode::FAIL);
        }
        let group = *groups;
        ErrorCode::of_fault(rd::rd_kafka_ConsumerGroupDescription_error(group)).map_or(Ok(()), Err)?;
        let members = rd::rd_kafka_ConsumerGroupDescription_member_count(group);
        Ok(DescribedGroup {
            listed: ListedGroup {
                name: owned_text(rd::rd_kafka_ConsumerGroupDescription_group_id(group)),
                state: rd::rd_kafka_ConsumerGroupDescription_state(group),
                kind: rd::rd_kafka_ConsumerGroupDescription_type(group),
            },
            members: (0..members)
                .map(|at| member_of(rd::rd_kafka_ConsumerGroupDescription_member(group, at)))
                .collect(),
        })
    }
}

/// # Safety
/// `member` belongs to a live result.
unsafe fn member_of(member: *const rd::rd_kafka_MemberDescription_t) -> Member {
    // SAFETY: the caller's promise; everything is copied.
    unsafe {
        let assignment = NonNull::new(rd::rd_kafka_MemberDescription_assignment(member).cast_mut());
        let partitions =
            assignment.map_or(ptr::null(), |assignment| rd::rd_kafka_MemberAssignment_partitions(assignment.as_ptr()));
        Member {
            id: owned_text(rd::rd_kafka_MemberDescription_consumer_id(member)),
            client: owned_text(rd::rd_kafka_MemberDescription_client_id(member)),
            host: owned_text(rd::rd_kafka_MemberDescription_host(member)),
            partitions: elements(partitions).iter().map(|at| (owned_text(at.topic), at.partition)).collect(),
        }
    }
}

fn committed(event: &Event) -> Result<Offsets, ErrorCode> {
    let mut count = 0;
    // SAFETY: an event of this kind holds such a result, which lives as long; everything is copied.
    unsafe {
        let result = rd::rd_kafka_event_ListConsumerGroupOffsets_result(event.raw());
        let groups = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &mut count);
        if count == 0 {
            return Err(ErrorCode::FAIL);
        }
        let group = *groups;
        ErrorCode::of_fault(rd::rd_kafka_group_result_error(group)).map_or(Ok(()), Err)?;
        let elements = elements(rd::rd_kafka_group_result_partitions(group));
        let told = elements.iter().filter(|at| at.err == NO_ERROR && at.offset >= 0);
        let offsets: Offsets = told.map(|at| ((owned_text(at.topic), at.partition), at.offset)).collect();
        let fault = elements.iter().find_map(|at| ErrorCode::check(at.err).err());
        // What could be told is worth more than why the rest could not.
        fault.filter(|_| offsets.is_empty()).map_or(Ok(offsets), Err)
    }
}

/// # Safety
/// `list` is null or outlives the slice.
unsafe fn elements<'a>(list: *const rd::rd_kafka_topic_partition_list_t) -> &'a [rd::rd_kafka_topic_partition_t] {
    if list.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise; the count belongs to the array.
    unsafe {
        match usize::try_from((*list).cnt) {
            Ok(count) if count > 0 => std::slice::from_raw_parts((*list).elems, count),
            _ => &[],
        }
    }
}
