# Tells what a Rack application is asked for, behind the middleware that lets a header name the method.
use Rack::MethodOverride
run lambda { |env|
  request = Rack::Request.new(env)
  seen = ["method=#{request.request_method}", "path=#{request.path}", "scheme=#{request.scheme}", "user=#{env['HTTP_REMOTE_USER']}"]
  [200, { "content-type" => "text/plain" }, [seen.join("\n")]]
}
