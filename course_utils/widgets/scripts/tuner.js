// A radio: what was sent and what a receiver made of it, to see and to hear. The sounds were made in Python.
"use strict";
course.view("tuner", ({ settings, as_sent }, { spec }) => {
  const { axes, el, key, path } = course;
  const RATE = 8000, SENT = course.BLUE, READ = course.VERMILLION;
  const lists = spec.controls.map(({ values }) => values);

  /** A WAV file of one byte a sample, as an address. */
  function wav(base64) {
    const sound = atob(base64), four = (n) => String.fromCharCode(n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24);
    const head = `RIFF${four(36 + sound.length)}WAVEfmt ${four(16)}\u0001\u0000\u0001\u0000${four(RATE)}${four(RATE)}\u0001\u0000\u0008\u0000data${four(sound.length)}`;
    return `data:audio/wav;base64,${btoa(head + sound)}`;
  }

  let player = null;
  return (state, show) => {
    const place = spec.controls.reduce((sum, { name }, i) => sum * lists[i].length + lists[i].indexOf(state[name]), 0);
    const { said, sent, heard, sound } = settings[place];
    const low = Math.min(...sent, ...heard), high = Math.max(...sent, ...heard);
    const chart = axes({
      width: 620, height: 240, alt: `${said} The strength read, over the strength sent.`, title: `${(1000 * sent.length) / RATE} ms of one station`,
      x: { from: 0, to: sent.length / RATE, label: "seconds" }, y: { from: low - 0.05, to: high + 0.05, label: "strength" },
    });
    const curve = (values) => values.map((v, i) => [chart.X(i / RATE), chart.Y(v)]);
    chart.add(path(curve(heard), { stroke: READ, "stroke-width": 1.2, "stroke-dasharray": "5 2" }), path(curve(sent), { stroke: SENT, "stroke-width": 1.4 }));
    const at = player ? player.currentTime : 0, playing = player && !player.paused;
    player = el("audio", { controls: true, src: wav(sound), "aria-label": said });
    player.currentTime = at; // the radio plays on while one tunes
    if (playing) player.play().catch(() => {});
    const original = as_sent[lists[0].indexOf(state.station)];
    const compare = el("audio", { controls: true, src: wav(original.sound), "aria-label": original.said });
    show(said, key([{ name: state.receiver, ink: READ, dash: "5 2" }, { name: "sent", ink: SENT }]), chart.node,
      el("figure", {}, el("figcaption", {}, said), player), el("figure", {}, el("figcaption", {}, original.said), compare));
  };
});
