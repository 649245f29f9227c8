// A worker thread that sends bytes as they are and tells what came back: its own work does not delay the loop that is measured.
const { connect } = require('node:net');
const { parentPort } = require('node:worker_threads');

/** Nothing more is expected when nothing has come for so long after the first byte of an answer. */
const QUIET_MS = 150;

parentPort.on('message', ({ id, port, bytes, endless, limitMs = 25_000 }) => {
  const socket = connect(port, '127.0.0.1');
  const received = [];
  let quiet;
  const done = (closed) => {
    clearTimeout(limit);
    clearTimeout(quiet);
    clearInterval(more);
    socket.removeAllListeners();
    socket.on('error', () => undefined).destroy();
    parentPort.postMessage({ id, closed, text: Buffer.concat(received).toString('latin1') });
  };
  const limit = setTimeout(done, limitMs, false);
  // Not as fast as it goes: who writes on after the end is told so by a reset, which takes the answer away.
  const more = endless && setInterval(() => socket.write(endless), 2);
  socket.on('data', (data) => {
    received.push(data);
    clearTimeout(quiet);
    quiet = setTimeout(done, QUIET_MS, false);
  });
  socket.on('end', () => done(true)).on('error', () => done(true));
  socket.write(bytes);
});
