// What Python's view gave at the settings that are offered: a model had to compute it.
"use strict";
course.view("frames", async (data, explorer) => {
  const frames = await course.unpackJson(data.frames);
  return (state, show, _, { spec, ignored }) => {
    const left = explorer.ignored();
    const key = spec.controls.map(({ name, values }) => (left.has(name) ? "" : values.indexOf(state[name]))).join(",");
    if (!(key in frames)) throw new course.Complaint("The page has no view of that; the notebook has.");
    const shown = course.made(frames[key]);
    show(course.words(shown).slice(0, 160), shown);
  };
});
