// 项目招标: the tender of an opportunity, from the announcement to the award.
import { z } from 'zod';
import { command, event, field } from '../define';
import { code, foreignKey, instant, text } from '../values';
import { accountId, anOpportunity, competitorId, opportunityId, reason } from './opportunity-fields';

const reference = field(foreignKey(120), 'Reference', '招标编号', 'As the customer numbers it.');
const documents = field(
  z
    .array(z.strictObject({ name: field(text(200), 'Name', '名称'), ref: field(code(200), 'Where it is kept', '存放位置') }))
    .max(100),
  'Documents',
  '招标文件',
);
const deadline = field(instant(), 'Deadline', '投标截止时间');
const submittedAt = field(instant(), 'Submitted at', '递交时间');
const openedAt = field(instant(), 'Opened at', '开标时间');
const decidedAt = field(instant(), 'Decided at', '定标时间');

const of = { opportunityId, accountId };
const aTender = {
  reference: 'HZ-2026-0042',
  documents: [{ name: 'Technical specification', ref: 'dms/4711' }],
  deadline: '2026-04-30T08:00:00.000Z',
};

export const tenderCommands = {
  AnnounceTender: command({
    version: 1,
    label: { en: 'Announce tender', zh: '登记招标' },
    description: 'Notes that the customer asks for bids: under which number, by which documents, until when.',
    data: z.strictObject({ reference, documents, deadline }),
    example: aTender,
  }),
  ChangeTender: command({
    version: 1,
    label: { en: 'Change tender', zh: '变更招标' },
    description: 'Notes that the customer moved the deadline or changed the documents. Before our bid is submitted.',
    data: z.strictObject({ documents: documents.optional(), deadline: deadline.optional() }),
    example: { deadline: '2026-05-15T08:00:00.000Z' },
  }),
  SubmitBid: command({
    version: 1,
    label: { en: 'Submit bid', zh: '递交标书' },
    description: 'Notes that our bid was handed in. After the deadline only as a late one, with the reason.',
    data: z.strictObject({
      submittedAt,
      late: field(z.strictObject({ reason }), 'Late', '逾期递交', 'Why the customer takes it all the same.').optional(),
    }),
    example: { submittedAt: '2026-04-29T02:00:00.000Z' },
  }),
  OpenBids: command({
    version: 1,
    label: { en: 'Open bids', zh: '开标' },
    description: 'Notes that the customer opened the bids.',
    data: z.strictObject({ openedAt }),
    example: { openedAt: '2026-05-02T01:00:00.000Z' },
  }),
  AwardTender: command({
    version: 1,
    label: { en: 'Note award', zh: '登记中标结果' },
    description: 'Notes to whom the customer gave it. The opportunity is won or lost by its own command.',
    data: z.strictObject({
      awarded: field(z.boolean(), 'Awarded to us', '是否中标'),
      decidedAt,
      competitorId: competitorId.optional(),
    }),
    example: { awarded: true, decidedAt: '2026-05-20T01:00:00.000Z' },
  }),
  NoteDeadlineMissed: command({
    version: 1,
    label: { en: 'Note missed deadline', zh: '登记投标逾期' },
    description: 'The deadline has passed without a bid. A timer says it.',
    data: z.strictObject({}),
    example: {},
  }),
};

export const tenderEvents = {
  TenderAnnounced: event({
    version: 1,
    label: { en: 'Tender announced', zh: '招标已登记' },
    description: 'The customer asks for bids.',
    data: z.strictObject({ ...of, reference, documents, deadline }),
    example: { ...anOpportunity, ...aTender },
  }),
  TenderChanged: event({
    version: 1,
    label: { en: 'Tender changed', zh: '招标已变更' },
    description: 'The customer moved the deadline or changed the documents: how both are now.',
    data: z.strictObject({ ...of, documents, deadline }),
    example: { ...anOpportunity, documents: aTender.documents, deadline: '2026-05-15T08:00:00.000Z' },
  }),
  BidSubmitted: event({
    version: 1,
    label: { en: 'Bid submitted', zh: '标书已递交' },
    description: 'Our bid was handed in.',
    data: z.strictObject({
      ...of,
      submittedAt,
      late: field(z.boolean(), 'Late', '是否逾期'),
      reason: reason.optional(),
    }),
    example: { ...anOpportunity, submittedAt: '2026-04-29T02:00:00.000Z', late: false },
  }),
  BidsOpened: event({
    version: 1,
    label: { en: 'Bids opened', zh: '已开标' },
    description: 'The customer opened the bids.',
    data: z.strictObject({ ...of, openedAt }),
    example: { ...anOpportunity, openedAt: '2026-05-02T01:00:00.000Z' },
  }),
  TenderAwarded: event({
    version: 1,
    label: { en: 'Tender awarded', zh: '招标已中标' },
    description: 'The customer gave it to us.',
    data: z.strictObject({ ...of, decidedAt }),
    example: { ...anOpportunity, decidedAt: '2026-05-20T01:00:00.000Z' },
  }),
  TenderNotAwarded: event({
    version: 1,
    label: { en: 'Tender not awarded', zh: '招标未中标' },
    description: 'The customer gave it to another one, or to nobody.',
    data: z.strictObject({ ...of, decidedAt, competitorId: competitorId.optional() }),
    example: { ...anOpportunity, decidedAt: '2026-05-20T01:00:00.000Z', competitorId: 'rival-1' },
  }),
  TenderDeadlineMissed: event({
    version: 1,
    label: { en: 'Deadline missed', zh: '投标已逾期' },
    description: 'The deadline passed, and no bid of ours was in.',
    data: z.strictObject({ ...of, deadline }),
    example: { ...anOpportunity, deadline: aTender.deadline },
  }),
};

export const tenderRefusals = {
  'tender-exists': { en: 'The opportunity has a tender. Change it: change-tender.', zh: '该商机已登记招标，请改为变更招标。' },
  'no-tender': { en: 'The opportunity has no tender. Announce it first: announce-tender.', zh: '该商机没有招标，请先登记招标。' },
  'tender-out-of-order': {
    en: 'A tender is announced, then submitted, then opened, then awarded, each once. "state" says where it stands.',
    zh: '招标须依次登记、递交、开标、定标，且各一次。当前状态见 state。',
  },
  'deadline-passed': {
    en: 'A deadline is moved to an instant that is still to come. Give a later one.',
    zh: '截止时间只能改到将来的时间，请给出更晚的时间。',
    status: 422,
  },
  'bid-late': {
    en: 'The bid was handed in after the deadline. If the customer takes it, say so: late, with the reason.',
    zh: '标书在截止时间之后递交。如客户接受，请在 late 中注明原因。',
    status: 422,
  },
  'deadline-not-reached': { en: 'The deadline is still to come.', zh: '投标截止时间尚未到。' },
  'tender-not-awarded': {
    en: 'The tender of this opportunity is not awarded to us. Note the award first: award-tender; or lose the opportunity.',
    zh: '该商机的招标尚未中标。请先登记中标结果，或登记丢单。',
  },
} as const;
