#include <deja/app/load/html.hpp>
#include <deja/app/load/plot.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace deja::app::load {

namespace {

using point = plot_series::point;

/// The inner drawing is so many units wide and high, whatever its size on the page.
constexpr double units = 1000;

std::string decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", std::round(number * 10) / 10);
  return text.data();
}

std::string percent(double part) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.5g%%", part * 100);
  return text.data();
}

bool shows(const plot& in, const point& one) {
  return in.x.shows(one.x) && in.y.shows(one.y);
}

/// Where a point lies in the inner drawing, from its upper left corner.
point placed(const plot& in, const point& one) {
  return {in.x.place(one.x) * units, (1 - in.y.place(one.y)) * units};
}

/// The points that follow each other without a gap.
std::vector<std::vector<point>> pieces(const plot& in, const std::vector<point>& points) {
  std::vector<std::vector<point>> all;
  bool gap = true;
  for (const auto& one : points) {
    if (!shows(in, one)) {
      gap = true;
      continue;
    }
    if (gap)
      all.emplace_back();
    gap = false;
    all.back().push_back(placed(in, one));
  }
  return all;
}

/// Each point as the two ends of its level, half way to its neighbours.
std::vector<point> levels(const std::vector<point>& points) {
  std::vector<point> ends;
  for (std::size_t at = 0; at < points.size(); ++at) {
    const auto& one = points[at];
    const double before = at > 0 ? (one.x - points[at - 1].x) / 2 : 0;
    const double after = at + 1 < points.size() ? (points[at + 1].x - one.x) / 2 : 0;
    ends.push_back({one.x - (at > 0 ? before : after), one.y});
    ends.push_back({one.x + (after > 0 ? after : before), one.y});
  }
  return ends;
}

std::string at(const point& one) {
  return decimal(one.x) + ' ' + decimal(one.y);
}

/// A line without length, of which the round ends are seen.
std::string dot(const point& one) {
  return 'M' + at(one) + "h0";
}

std::string line_through(const std::vector<point>& piece) {
  std::string path = 'M' + at(piece.front());
  for (std::size_t next = 1; next < piece.size(); ++next)
    path += 'L' + at(piece[next]);
  return path;
}

std::string area_below(const std::vector<point>& piece) {
  return line_through(piece) + 'V' + decimal(units) + 'H' + decimal(piece.front().x) + 'Z';
}

std::string path(const std::string& style, const std::string& steps) {
  return "<path class=\"" + style + "\" d=\"" + steps + "\"/>";
}

std::string drawn(const plot& in, const plot_series& what) {
  using form = plot_series::form;
  std::string lines, areas, dots;
  for (auto& piece : pieces(in, what.points)) {
    if (what.shape == form::steps)
      piece = levels(piece);
    if (what.shape == form::dots || piece.size() == 1)
      for (const auto& one : piece)
        dots += dot(one);
    else
      lines += line_through(piece);
    if (what.shape == form::area || what.shape == form::steps)
      areas += area_below(piece);
  }
  std::string svg;
  if (!areas.empty())
    svg += path("area " + what.colour, areas);
  if (!lines.empty())
    svg += path((what.shape == form::dashed ? "line dashed " : "line ") + what.colour, lines);
  if (!dots.empty())
    svg += path("dots " + what.colour, dots);
  return svg;
}

std::string drawn(const plot& in, const plot_band& band) {
  const double from = in.x.place(band.from), to = in.x.place(band.to);
  return "<rect class=\"band\" x=\"" + decimal(from * units) + "\" y=\"0\" width=\"" +
         decimal(std::max((to - from) * units, 2.)) + "\" height=\"1000\"/>";
}

std::string grid(const plot& in) {
  std::string svg;
  for (const auto& tick : in.y.ticks()) {
    const auto y = percent(1 - in.y.place(tick.at));
    svg += "<line x2=\"100%\" y1=\"" + y + "\" y2=\"" + y + "\"/><text class=\"y\" x=\"-8\" y=\"" +
           y + "\" dy=\".32em\">" + escaped(tick.label) + "</text>";
  }
  for (const auto& tick : in.x.ticks()) {
    const auto x = percent(in.x.place(tick.at));
    svg += "<line x1=\"" + x + "\" x2=\"" + x + "\" y2=\"100%\"/><text class=\"x\" x=\"" + x +
           "\" y=\"100%\" dy=\"1.5em\">" + escaped(tick.label) + "</text>";
  }
  return "<g class=\"grid\">" + svg + "</g>";
}

const plot_series& longest(const plot& in) {
  return *std::ranges::max_element(in.series, {},
                                   [](const auto& one) { return one.points.size(); });
}

/// The value of a series nearest to `x`, if it lies between `from` and `to` (places).
const point* nearest(const plot& in, const plot_series& what, double x, double from, double to) {
  const auto after = std::ranges::lower_bound(what.points, x, {}, &point::x);
  const point* best = nullptr;
  double distance = 0;
  const auto look = [&](const point& one) {
    const double place = in.x.place(one.x), away = std::abs(place - in.x.place(x));
    if (shows(in, one) && place >= from && place <= to && (!best || away < distance))
      best = &one, distance = away;
  };
  if (after != what.points.end())
    look(*after);
  if (after != what.points.begin())
    look(*std::prev(after));
  return best;
}

/// Columns over the plot, around the values of its longest series, each with the values there.
std::string columns(const plot& in) {
  const auto& points = longest(in).points;
  std::string svg;
  for (std::size_t at = 0; at < points.size(); ++at) {
    const double here = in.x.place(points[at].x);
    const double from = at > 0 ? (in.x.place(points[at - 1].x) + here) / 2 : 0;
    const double to = at + 1 < points.size() ? (in.x.place(points[at + 1].x) + here) / 2 : 1;
    std::string values;
    for (const auto& one : in.series)
      if (const auto* found = nearest(in, one, points[at].x, from, to))
        values += '\n' + one.name + ": " + in.y_text(found->y);
    for (const auto& band : in.bands)
      if (points[at].x >= band.from && points[at].x <= band.to)
        values += '\n' + band.name;
    if (!values.empty())
      svg += "<rect x=\"" + percent(from) + "\" width=\"" + percent(to - from) +
             "\" height=\"100%\"><title>" + escaped(in.x_text(points[at].x) + values) +
             "</title></rect>";
  }
  return svg;
}

/// What the plot shows, in words.
std::string description(const plot& in) {
  std::string text = in.note + '.';
  for (const auto& one : in.series) {
    const point *least = nullptr, *most = nullptr;
    for (const auto& value : one.points)
      if (shows(in, value)) {
        least = !least || value.y < least->y ? &value : least;
        most = !most || value.y > most->y ? &value : most;
      }
    text += ' ' + one.name + ": ";
    text += least ? "from " + in.y_text(least->y) + " (at " + in.x_text(least->x) + ") to " +
                        in.y_text(most->y) + " (at " + in.x_text(most->x) + ")."
                  : "no values.";
  }
  return text;
}

std::string legend(const plot& in) {
  std::string html;
  for (const auto& one : in.series)
    html += "<li><i class=\"" + one.colour +
            (one.shape == plot_series::form::dots     ? " dot"
             : one.shape == plot_series::form::dashed ? " dashed"
                                                      : "") +
            "\"></i>" + escaped(one.name) + "</li>";
  if (!in.bands.empty())
    html += "<li><i class=\"band\"></i>outage</li>";
  return "<ul class=\"legend\">" + html + "</ul>";
}

} // namespace

std::string plot::html(const std::string& id) const {
  const bool some = std::ranges::any_of(series, [&](const auto& one) {
    return std::ranges::any_of(one.points, [&](const point& value) { return shows(*this, value); });
  });
  std::string html = std::string{"<figure class=\"plot"} + (wide ? " wide" : "") +
                     "\"><figcaption><b>" + escaped(title) + "</b> <small>" + escaped(note) +
                     "</small></figcaption>\n";
  if (!some)
    return html + "<p class=\"none\">No values.</p></figure>\n";
  html += legend(*this) +
          "\n<div class=\"chart\"><svg class=\"drawing\" role=\"img\" "
          "aria-labelledby=\"" +
          id + "t\" aria-describedby=\"" + id + "d\"><title id=\"" + id + "t\">" + escaped(title) +
          "</title><desc id=\"" + id + "d\">" + escaped(description(*this)) + "</desc>\n" +
          grid(*this) +
          "\n<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" "
          "height=\"100%\">";
  for (const auto& band : bands)
    html += drawn(*this, band);
  for (auto one = series.rbegin(); one != series.rend(); ++one)
    html += drawn(*this, *one) + '\n';
  return html + "</svg></svg>\n<svg class=\"columns\" aria-hidden=\"true\">" + columns(*this) +
         "</svg></div></figure>\n";
}

} // namespace deja::app::load
