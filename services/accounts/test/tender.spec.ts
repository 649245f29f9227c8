import { after, amount, fact, inNegotiation, lost, opened } from './opportunities';

const deadline = '2026-03-02T12:00:00.000Z';
const past = '2026-03-02T08:00:00.000Z';
const documents = [{ name: 'Technical specification', ref: 'dms/4711' }];
const announced = (until = deadline) => fact('TenderAnnounced', { reference: 'HZ-42', documents, deadline: until });
const submitted = fact('BidSubmitted', { submittedAt: '2026-03-02T07:00:00.000Z', late: false });
const bidsOpened = fact('BidsOpened', { openedAt: past });
const awarded = fact('TenderAwarded', { decidedAt: past });
const notAwarded = fact('TenderNotAwarded', { decidedAt: past });
const missed = fact('TenderDeadlineMissed', { deadline: past });
const announce = { reference: 'HZ-42', documents, deadline };

test('a tender is announced once, and again after the last one came to nothing', () => {
  after(opened()).when('AnnounceTender', announce).then(announced());
  after(opened(), announced()).when('AnnounceTender', announce).refused('tender-exists');
  after(opened(), announced(), notAwarded).when('AnnounceTender', announce).then(announced());
});

test('a tender goes its steps in their order', () => {
  const step = (...facts: Parameters<typeof after>) => after(opened(), ...facts);
  step().when('SubmitBid', { submittedAt: past }).refused('no-tender');
  step(announced()).when('OpenBids', { openedAt: past }).refused('tender-out-of-order', { state: 'announced' });
  step(announced()).when('SubmitBid', { submittedAt: '2026-03-02T07:00:00Z' }).then(submitted);
  step(announced(), submitted).when('SubmitBid', { submittedAt: past }).refused('tender-out-of-order');
  step(announced(), submitted).when('AwardTender', { awarded: true, decidedAt: past }).refused('tender-out-of-order');
  step(announced(), submitted).when('OpenBids', { openedAt: past }).then(bidsOpened);
  step(announced(), submitted, bidsOpened).when('AwardTender', { awarded: true, decidedAt: past }).then(awarded);
  step(announced(), submitted, bidsOpened, awarded)
    .when('AwardTender', { awarded: false, decidedAt: past })
    .refused('tender-out-of-order', { state: 'awarded' });
});

test('a tender that is called off, or goes to another one, is not awarded at whichever step', () => {
  const decided = { awarded: false, decidedAt: past, competitorId: 'rival-1' };
  const fell = fact('TenderNotAwarded', { decidedAt: past, competitorId: 'rival-1' });
  after(opened(), announced()).when('AwardTender', decided).then(fell);
  after(opened(), announced(), submitted, bidsOpened).when('AwardTender', decided).then(fell);
});

test('a bid after the deadline is refused unless it is stated as late, with the reason', () => {
  const late = { submittedAt: '2026-03-02T08:00:00.001Z' };
  after(opened(), announced(past)).when('SubmitBid', late).refused('bid-late', { deadline: past });
  after(opened(), announced(past), missed)
    .when('SubmitBid', { ...late, late: { reason: 'The portal was down' } })
    .then(fact('BidSubmitted', { ...late, late: true, reason: 'The portal was down' }));
});

test('a bid that was in time is in time, however late it is noted', () => {
  const inTime = fact('BidSubmitted', { submittedAt: past, late: false });
  after(opened(), announced(past), missed).when('SubmitBid', { submittedAt: past }).then(inTime);
  after(opened(), announced(past))
    .when('SubmitBid', { submittedAt: past, late: { reason: 'x' } })
    .then(inTime);
});

test('no step is taken in the future', () => {
  const later = '2026-03-02T09:00:00.001Z';
  after(opened(), announced()).when('SubmitBid', { submittedAt: later }).refused('in-the-future');
  after(opened(), announced(), submitted).when('OpenBids', { openedAt: later }).refused('in-the-future');
  after(opened(), announced()).when('AwardTender', { awarded: false, decidedAt: later }).refused('in-the-future');
});

test('a deadline is moved to an instant that is still to come, before the bid is in', () => {
  const changed = (until: string) => fact('TenderChanged', { documents, deadline: until });
  const later = '2026-03-09T12:00:00.000Z';
  after(opened(), announced()).when('ChangeTender', { deadline: later }).then(changed(later));
  after(opened(), announced()).when('ChangeTender', { deadline }).then();
  after(opened(), announced()).when('ChangeTender', { deadline: past }).refused('deadline-passed');
  after(opened(), announced(), submitted).when('ChangeTender', { deadline: later }).refused('tender-out-of-order');
  after(opened(), announced())
    .when('ChangeTender', { documents: [] })
    .then(fact('TenderChanged', { documents: [], deadline }));
});

test('a deadline is missed once it has passed without a bid, once; another one can be kept again', () => {
  after(opened(), announced()).when('NoteDeadlineMissed', {}).refused('deadline-not-reached', { deadline });
  after(opened(), announced(past)).when('NoteDeadlineMissed', {}).then(missed);
  after(opened(), announced(past), missed).when('NoteDeadlineMissed', {}).then();
  after(opened(), announced(), submitted).when('NoteDeadlineMissed', {}).then();
  after(opened(), announced(past), missed, fact('TenderChanged', { documents, deadline }))
    .at({ at: deadline })
    .when('NoteDeadlineMissed', {})
    .then(fact('TenderDeadlineMissed', { deadline }));
});

test('an opportunity with a tender is won when the tender is', () => {
  const win = { amount, closedOn: '2026-03-02' };
  after(inNegotiation, announced(), submitted, bidsOpened).when('Win', win).refused('tender-not-awarded', { state: 'opened' });
  after(inNegotiation, announced(), notAwarded).when('Win', win).refused('tender-not-awarded');
  expect(after(inNegotiation, announced(), submitted, bidsOpened, awarded).when('Win', win).facts).toHaveLength(1);
});

test('a tender without a bid is due again when the opportunity is reopened', () => {
  const facts = (...more: Parameters<typeof after>) => after(opened(), ...more, lost()).when('Reopen', { reason: 'x' }).facts;
  expect(facts(announced())).toMatchObject([{ data: { deadline } }]);
  expect(facts(announced(), submitted)).toMatchObject([{ data: { deadline: null } }]);
  expect(facts(announced(past), missed)).toMatchObject([{ data: { deadline: null } }]);
});
