// What all contenders store: events of about 530 bytes of JSON, data and metadata together.
import { newId } from '@kams/eventing/run/ids';

let made = 0;

export function nextEvent() {
  const n = ++made;
  const commandId = newId();
  return {
    type: 'OrderPlaced',
    data: {
      orderId: `ord-${n.toString(36).padStart(10, '0')}`,
      customer: `cust-${n % 100_000}`,
      lines: [
        { sku: 'SKU-0000001', qty: n % 9, price: 1999 },
        { sku: 'SKU-0000002', qty: 1, price: 4999 },
      ],
      city: 'Springfield',
      country: 'US',
      total: 12_345 + (n % 1_000),
      currency: 'EUR',
      channel: 'web',
    },
    metadata: {
      tenantId: 'acme',
      actor: `user-${n % 1_000}`,
      occurredAt: '2026-11-23T05:30:00.000Z',
      commandId,
      commandHash: 'u3ZbLx0mVq8w2TnYfK4s1A',
      correlationId: commandId,
      causationId: commandId,
    },
  };
}

/** Names streams that belong to one caller; each gets ten events. */
export function streamsOf(run: string): () => { readonly stream: string; readonly revision: number } {
  const caller = newId();
  let events = 0;
  return () => {
    const at = events++;
    return { stream: `order-${run}_${caller}_${Math.floor(at / 10)}`, revision: (at % 10) - 1 };
  };
}
