#pragma once

#include <deja/app/load/axis.hpp>

#include <string>
#include <vector>

namespace deja::app::load {

/// Something plotted, by its values in ascending order of `x`. A value that its axis can't show, or
/// that is no number, is a gap.
struct plot_series {
  enum class form {
    line,
    dashed,
    area,  ///< A line, with the area below it.
    steps, ///< A level around each value.
    dots,
  };

  struct point {
    double x, y;
  };

  std::string name;
  std::string colour; ///< A class of the style sheet.
  form shape = form::line;
  std::vector<point> points{};
};

/// A stretch of the x axis that is marked.
struct plot_band {
  double from, to;
  std::string name;
};

/// A plot, in SVG inside of a `<figure>`: as wide as there is room, its texts of constant size.
/// Each value can be read by pointing at it. No text in it is escaped before.
struct plot {
  std::string title;
  std::string note; ///< What the axes are.
  axis x, y;
  axis::label x_text, y_text;
  std::vector<plot_series> series;
  std::vector<plot_band> bands{};
  bool wide = false;

  /// `id` is a word, different for each plot of a page.
  std::string html(const std::string& id) const;
};

/// How many columns a plot has in which its values can be read.
inline constexpr std::size_t plot_columns = 360;

} // namespace deja::app::load
