# Answers uploads inside nginx: keeps the body under a new ID and answers as a publisher does.
package Stored;
use nginx;

# Only the newest blobs are kept: a run reads a blob right after it was stored.
my $most  = 512;
my $count = 0;
my $salt  = sprintf("%08x", time() % 4294967296);

sub id { return sprintf("%s%024x", $salt, shift) . "AAAAAAAAAAA"; }

sub handler {
    my $r = shift;
    return 405 if $r->request_method ne "PUT";
    return OK  if $r->has_request_body(\&stored);
    return 400;
}

sub stored {
    my $r    = shift;
    my $file = $r->request_body_file;
    my $size = -s $file;
    my $id   = id(++$count);
    rename($file, "FOLDER/store/$id") or return 500;
    chmod 0644, "FOLDER/store/$id";
    unlink("FOLDER/store/" . id($count - $most)) if $count > $most;
    my $object = "0x" . ("1" x 64);
    $r->send_http_header("application/json");
    $r->print(qq({"newlyCreated":{"blobObject":{"id":"$object","registeredEpoch":1,"blobId":"$id","size":$size,)
        . qq("encodingType":"RS2","certifiedEpoch":1,"storage":{"id":"$object","startEpoch":1,"endEpoch":2,)
        . qq("storageSize":66034000},"deletable":true},"resourceOperation":{"registerFromScratch":)
        . qq({"encodedLength":66034000,"epochsAhead":1}},"cost":132300}}));
    return OK;
}

1;
