// 拜访报告逾期: a visit that took place is reported within two working days, or that is said once.
import { visitContract } from '@kams/contracts/accounts/visit';
import { timer } from '@kams/eventing';
import { visit } from '../domain/visit';

export const visitReportIsOverdue = timer({
  name: 'visit-report-is-overdue',
  from: [visitContract],
  give: ({ id }) => ({ to: visit, type: 'NoteReportOverdue', id, data: {} }),
})({
  VisitCompleted: ({ data }) => ({ at: data.reportDueAt }),
  VisitReported: () => null,
  VisitReportOverdue: () => null,
});
