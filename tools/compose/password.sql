-- Runs after the sample's own files and gives the proxy's login the password that docker-compose.yml gives the proxy.
\getenv password WHEREWALL_SERVICE_PASSWORD
ALTER ROLE wherewall_svc PASSWORD :'password';
