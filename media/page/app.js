import { FrameConnection } from './connection.js';
import { FarClock, Rate, Recent } from './figures.js';
import { Picture } from './picture.js';

const STATES = {
  connecting: 'Connecting',
  waiting: 'Connected, no frames',
  live: 'Live',
  lost: 'Connection lost',
};
const NOTICES = {
  connecting: 'Waiting for the first frame',
  waiting: 'Waiting for frames',
  lost: 'The graph has stopped, or cannot be reached. Trying again.',
};
/** Without a frame for so long, the page no longer claims to be live. */
const STALE_MS = 2500;
const REFRESH_MS = 250;

const at = (id) => document.getElementById(id);
const rate = new Rate();
const clock = new FarClock();
const latencies = new Recent(300);
let state = 'connecting';
let lastShown = 0;
let dropped = 0;
let told = { fps: null, missed: 0, viewers: 1 };

function become(next) {
  state = next;
  at('state').dataset.state = next;
  at('state').textContent = STATES[next];
  at('stage').toggleAttribute('data-empty', next !== 'live');
  if (next !== 'live') at('notice').textContent = NOTICES[next];
}

const picture = new Picture(at('picture'), (frame) => {
  const now = performance.now();
  lastShown = now;
  rate.mark(now);
  dropped = frame.dropped;
  const latency = clock.since(frame.timestampNs, now);
  if (latency !== null) {
    latencies.add(latency);
    connection.shown(latency);
  }
  at('size').textContent = `${frame.width} × ${frame.height}`;
  at('size-more').textContent = `frame ${frame.number.toLocaleString('en')}`;
  // A picture that was still on its way to the screen when the connection was lost does not bring it back.
  if (state !== 'live' && state !== 'lost') become('live');
});

const connection = new FrameConnection({
  state: become,
  frame: (frame) => picture.show(frame),
  clock: (sent, received, farNs) => clock.learn(sent, received, farNs),
  told: (message) => {
    if (message.type === 'hello') {
      at('node').textContent = message.node;
      document.title = `${message.node} · StreamLib`;
    } else if (message.type === 'stats') told = message;
  },
});

function refresh() {
  const now = performance.now();
  if (state === 'live' && now - lastShown > STALE_MS && !document.hidden) become('waiting');
  const fps = rate.perSecond(now);
  at('fps').textContent = fps.toFixed(fps >= 100 ? 0 : 1);
  at('fps-more').textContent = told.fps === null ? ' ' : `${told.fps.toFixed(1)} fps arrive`;
  const number = (value) => (value === null ? '–' : value.toFixed(value < 10 ? 1 : 0));
  at('p50').textContent = number(latencies.percentile(0.5));
  at('p99').textContent = number(latencies.percentile(0.99));
  at('dropped').textContent = (dropped + told.missed).toLocaleString('en');
  at('dropped-more').textContent =
    `${told.missed.toLocaleString('en')} upstream, ${dropped.toLocaleString('en')} to this page`;
  drawCurve(latencies.values.slice(-120));
}

function drawCurve(values) {
  const top = Math.max(1, ...values) * 1.05;
  const points = values.map(
    (value, i) => `${120 - values.length + i},${(31 - (value / top) * 30).toFixed(1)}`,
  );
  at('curve').firstElementChild.setAttribute('points', points.join(' '));
}

function toggleFullscreen() {
  if (document.fullscreenElement === null) at('stage').requestFullscreen();
  else document.exitFullscreen();
}

at('fullscreen').addEventListener('click', toggleFullscreen);
document.addEventListener('keydown', (event) => {
  if (event.key === 'f' && !event.ctrlKey && !event.metaKey && !event.altKey) toggleFullscreen();
});
setInterval(refresh, REFRESH_MS);
