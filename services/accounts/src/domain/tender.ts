// 项目招标: a tender is announced, our bid is submitted in time or late for a reason, the bids are opened, and somebody is awarded.
import type { EventData } from '@kams/contracts/define';
import type { OpportunityContract } from '@kams/contracts/accounts/opportunity';
import {
  known,
  passed,
  refuse,
  whenOpen,
  type Decisions,
  type Evolutions,
  type Known,
  type Opportunity,
} from './opportunity-state';

export interface Tender {
  /** Missed: the deadline has passed without a bid. */
  readonly is: 'announced' | 'missed' | 'submitted' | 'opened' | 'awarded' | 'not_awarded';
  readonly documents: EventData<OpportunityContract, 'TenderAnnounced'>['documents'];
  readonly deadline: string;
}

/** The tender, if it is at one of these steps. */
function tenderAt({ tender }: Known, ...steps: readonly Tender['is'][]): Tender {
  if (!tender) return refuse('no-tender');
  return steps.includes(tender.is) ? tender : refuse('tender-out-of-order', { state: tender.is });
}
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

type Commands = 'AnnounceTender' | 'ChangeTender' | 'SubmitBid' | 'OpenBids' | 'AwardTender' | 'NoteDeadlineMissed';
export const tenderDecisions: Decisions<Commands> = {
  AnnounceTender: whenOpen((it, tender, { id: opportunityId }) =>
    it.tender && it.tender.is !== 'not_awarded'
      ? refuse('tender-exists')
      : [{ type: 'TenderAnnounced', data: { opportunityId, accountId: it.accountId, ...tender } }],
  ),

  ChangeTender: whenOpen((it, changes, { id: opportunityId, at }) => {
    const tender = tenderAt(it, 'announced', 'missed');
    const { documents = tender.documents, deadline = tender.deadline } = changes;
    if (deadline !== tender.deadline && deadline <= at) return refuse('deadline-passed', { deadline });
    if (deadline === tender.deadline && same(documents, tender.documents)) return [];
    return [{ type: 'TenderChanged', data: { opportunityId, accountId: it.accountId, documents, deadline } }];
  }),

  SubmitBid: whenOpen((it, { submittedAt, late }, { id: opportunityId, at }) => {
    const { deadline } = tenderAt(it, 'announced', 'missed');
    passed(submittedAt, at);
    const isLate = submittedAt > deadline;
    if (isLate && !late) return refuse('bid-late', { deadline });
    const reason = isLate ? late?.reason : undefined;
    return [{ type: 'BidSubmitted', data: { opportunityId, accountId: it.accountId, submittedAt, late: isLate, reason } }];
  }),

  OpenBids: whenOpen((it, { openedAt }, { id: opportunityId, at }) => {
    tenderAt(it, 'submitted');
    passed(openedAt, at);
    return [{ type: 'BidsOpened', data: { opportunityId, accountId: it.accountId, openedAt } }];
  }),

  AwardTender: whenOpen((it, { awarded, decidedAt, competitorId }, { id: opportunityId, at }) => {
    // A customer may call a tender off at any time; it is given to us only after the bids were opened.
    if (awarded) tenderAt(it, 'opened');
    else tenderAt(it, 'announced', 'missed', 'submitted', 'opened');
    passed(decidedAt, at);
    const decided = { opportunityId, accountId: it.accountId, decidedAt };
    return awarded
      ? [{ type: 'TenderAwarded', data: decided }]
      : [{ type: 'TenderNotAwarded', data: { ...decided, competitorId } }];
  }),

  NoteDeadlineMissed: whenOpen((it, _, { id: opportunityId, at }) => {
    if (it.tender?.is !== 'announced') return [];
    const { deadline } = it.tender;
    if (at < deadline) return refuse('deadline-not-reached', { deadline });
    return [{ type: 'TenderDeadlineMissed', data: { opportunityId, accountId: it.accountId, deadline } }];
  }),
};

const tenderIs = (is: Tender['is']) => (it: Opportunity) =>
  known(it, (opportunity) => ({ ...opportunity, tender: opportunity.tender && { ...opportunity.tender, is } }));

type Events =
  | 'TenderAnnounced'
  | 'TenderChanged'
  | 'BidSubmitted'
  | 'BidsOpened'
  | 'TenderAwarded'
  | 'TenderNotAwarded'
  | 'TenderDeadlineMissed';
const announced = (it: Opportunity, { documents, deadline }: Pick<Tender, 'documents' | 'deadline'>) =>
  known(it, (opportunity) => ({ ...opportunity, tender: { is: 'announced', documents, deadline } }));
export const tenderEvolutions: Evolutions<Events> = {
  TenderAnnounced: announced,
  TenderChanged: (it, { documents, deadline }) =>
    known(it, (opportunity) => ({
      ...opportunity,
      // Another deadline can be kept again.
      tender: {
        is: opportunity.tender?.deadline === deadline ? opportunity.tender.is : 'announced',
        documents,
        deadline,
      },
    })),
  BidSubmitted: tenderIs('submitted'),
  BidsOpened: tenderIs('opened'),
  TenderAwarded: tenderIs('awarded'),
  TenderNotAwarded: tenderIs('not_awarded'),
  TenderDeadlineMissed: tenderIs('missed'),
};
