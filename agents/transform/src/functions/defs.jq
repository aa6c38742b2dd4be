# Events: headers are an array of [name, value], as they may repeat and their order may matter.

# The first value of that name, or null.
def header($name): [.headers[] | select(.[0] == $name) | .[1]][0];
# All of that name get the value; without one it is put at the end.
def set_header($name; $value):
  if any(.headers[]; .[0] == $name)
  then .headers |= map(if .[0] == $name then [$name, $value] else . end)
  else .headers += [[$name, $value]] end;
# Takes off all of that name.
def del_header($name): .headers |= map(select(.[0] != $name));

# Conversion
def tonumber:
  if isnumber then .
  else . as $text | (try fromjson catch null) | if isnumber then . else error("cannot read \($text | tojson) as a number") end end;
def toboolean:
  if isboolean then .
  elif . == "true" then true
  elif . == "false" then false
  else error("cannot read \(tojson) as true or false") end;
def toarray: if isarray then . else [.] end;
def @json: tojson;
def todate: todateiso8601;
def fromdate: fromdateiso8601;

# Arrays and strings
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i)[0];
def rindex($i): indices($i)[-1];
def transpose: [range([.[] | length] | max // 0) as $i | [.[][$i]]];
def trimstr($x): ltrimstr($x) | rtrimstr($x);
def ascii: [.] | implode;
